// Before the first paint: the saved theme, else the system's.
(function () {
  var saved = null;
  try { saved = localStorage.getItem("nx-theme"); } catch (e) { /* storage is closed */ }
  var dark = saved ? saved === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
})();
