// Keys that press buttons: `data-key="F2 e"` on a button, `data-focus-key="x"` on a field. Letters do nothing while
// somebody types; function keys always work. Ctrl+Enter files the case from anywhere. An open dialog has the keyboard.

function typing(target) {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;
}

function find(attribute, key) {
  return [...document.querySelectorAll(`[${attribute}]`)].find((element) =>
    element.getAttribute(attribute).split(" ").includes(key),
  );
}

export function listen({ onLegKey }) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey) {
      if (event.key === "Enter") document.querySelector("form[data-close]")?.requestSubmit();
      return;
    }
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      if (!/^F\d+$/.test(event.key)) return;
    }
    if (event.repeat) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const button = find("data-key", key);
    const field = find("data-focus-key", key);
    if (button) {
      event.preventDefault();
      if (!button.disabled) button.click();
    } else if (field) {
      event.preventDefault();
      field.focus();
    } else if (onLegKey(key)) {
      event.preventDefault();
    }
  });
}
