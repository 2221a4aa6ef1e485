// Runs before the first paint, so that a stored choice of light or dark never flashes the other one. Afterwards it
// follows the system, which may change at dusk, and a choice made in another tab.
(function () {
  var system = matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var choice = null;
    try {
      choice = localStorage.getItem("sentinel.theme");
    } catch {
      // Without storage the system's own setting decides.
    }
    var dark = choice ? choice === "dark" : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
})();
