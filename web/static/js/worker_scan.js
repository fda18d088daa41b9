// The code at the door: by the camera where the phone's browser can read codes, by the phone's own camera, which opens
// this page with the code in its address, or typed from the card.

const LOOK_EVERY = 200;
const dialog = document.getElementById("scanner");
const video = document.getElementById("camera");
const input = document.getElementById("code");

export function codeIn(text) {
  const found = /[#&]code=([A-Za-z0-9-]+)/.exec(text);
  return found ? found[1] : /^[A-Za-z0-9-]{12,20}$/.test(text.trim()) ? text.trim() : "";
}

async function camera() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return null;
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return null; // no camera, or not allowed: the code can be typed
  }
}

// {code, typed}; null when nobody gave one.
export async function scan() {
  input.value = "";
  dialog.showModal();
  const stream = await camera();
  let timer;
  const given = await new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(null), { once: true });
    document.getElementById("scan-cancel").onclick = () => resolve(null);
    document.getElementById("typed").onsubmit = (event) => {
      event.preventDefault();
      resolve({ code: input.value, typed: true });
    };
    if (!stream) return;
    const reader = new BarcodeDetector({ formats: ["qr_code"] });
    video.srcObject = stream;
    video.hidden = false;
    video.play();
    timer = setInterval(async () => {
      const found = await reader.detect(video).catch(() => []);
      const code = found.map((one) => codeIn(one.rawValue)).find(Boolean);
      if (code) resolve({ code, typed: false });
    }, LOOK_EVERY);
  });
  clearInterval(timer);
  stream?.getTracks().forEach((track) => track.stop());
  video.hidden = true;
  dialog.close();
  return given;
}
