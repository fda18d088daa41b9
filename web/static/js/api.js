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
  throw await failure(answer);
}

export async function get(path) {
  const answer = await fetch(`/api/v1/${path}`, { headers: { Accept: "application/json" } });
  if (answer.ok) return answer.json();
  throw await failure(answer);
}

async function failure(answer) {
  const problem = await answer.json().catch(() => null);
  const fields = answer.status === 422 ? Object.values(problem?.error?.fields ?? {}) : [];
  const error = new Error([problem?.error?.message ?? `HTTP ${answer.status}`, ...fields].join(" "));
  error.status = answer.status;
  return error;
}

export function tell(text, kind = "danger") {
  const message = document.createElement("div");
  message.className = `message ${kind}`;
  message.textContent = text;
  document.getElementById("messages").append(message);
  setTimeout(() => message.remove(), SHOWN_FOR);
}
