// Rows that keys choose: 1-9 and the arrows (`data-row`); a letter then presses the chosen row's button (`data-row-key`).

export class Rows {
  constructor(element) {
    this.element = element;
    this.focused = null;
    element.addEventListener("focusin", (event) => {
      this.focused = event.target.closest("[data-row]")?.id ?? null;
    });
  }

  // After the page's part was fetched anew.
  restore() {
    if (this.focused) document.getElementById(this.focused)?.focus();
  }

  onKey(key) {
    const all = [...this.element.querySelectorAll("[data-row]")];
    const at = all.findIndex((row) => row.contains(document.activeElement));
    if (/^[1-9]$/.test(key) && all[Number(key) - 1]) {
      all[Number(key) - 1].focus();
      return true;
    }
    if (at < 0) return false;
    if (key === "ArrowDown" || key === "ArrowUp") {
      all[(at + (key === "ArrowDown" ? 1 : all.length - 1)) % all.length].focus();
      return true;
    }
    const button = all[at].querySelector(`[data-row-key="${CSS.escape(key)}"]`);
    if (button && !button.disabled) button.click();
    return Boolean(button);
  }
}
