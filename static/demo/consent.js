// What a consent tool does: ask once, remember the answer, and tell it to the codes on every page.
(function () {
  "use strict";
  window.nexnotify = window.nexnotify || function () { (nexnotify.q = nexnotify.q || []).push(arguments); };
  const place = document.getElementById("consent"), words = { yes: "You agreed.", no: "You said no." };
  function tell(answer) {
    nexnotify("consent", answer === "yes");
    place.querySelector("[role=status]").textContent = words[answer];
  }
  const known = localStorage.getItem("demo-consent");
  if (known) tell(known);
  place.hidden = false;
  place.addEventListener("click", ({ target }) => {
    if (!target.value) return;
    localStorage.setItem("demo-consent", target.value);
    tell(target.value);
  });
})();
