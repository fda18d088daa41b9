// Light or dark, before the first paint: what was chosen here, else what the system wants. A page that is always one of
// them says so (`data-theme-always`). No module: those run too late, and the page would flash.

(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const wanted = () => (dark.matches ? "dark" : "light");
  const kept = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const show = () => {
    root.dataset.bsTheme = root.dataset.themeAlways ?? kept() ?? wanted();
  };
  show();
  dark.addEventListener("change", show);
  addEventListener("storage", show); // another tab has switched
  addEventListener("beforeprint", () => (root.dataset.bsTheme = "light"));
  addEventListener("afterprint", show);
  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    const other = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      if (other === wanted()) localStorage.removeItem("theme");
      else localStorage.setItem("theme", other);
    } catch {
      // it counts for this page only
    }
    root.dataset.bsTheme = other;
    dispatchEvent(new Event("theme"));
  });
})();
