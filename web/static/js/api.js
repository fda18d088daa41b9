// Requests to our JSON API from a page, and the messages that their failures become.

const token = document.querySelector("meta[name=csrf]").content;
const SHOWN_FOR = 8000;

export async function post(path, body) {
  const answer = await fetch(`/api/v1/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
    body: JSON.stringify(body),
  });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => null);
  throw new Error(problem?.error?.message ?? `HTTP ${answer.status}`);
}

export function tell(text, kind = "danger") {
  const message = document.createElement("div");
  message.className = `message ${kind}`;
  message.textContent = text;
  document.getElementById("messages").append(message);
  setTimeout(() => message.remove(), SHOWN_FOR);
}
