// The preview of the widget: the real script, with answers from this page. Nothing is asked of anybody or sent.
(function () {
  "use strict";
  const config = JSON.parse(document.getElementById("config").textContent);
  window.fetch = (url, options) => {
    const asks = options && options.method === "POST";
    return Promise.resolve(new Response(JSON.stringify(asks ? { status: "waiting" } : config), { status: asks ? 202 : 200 }));
  };
  // Opened, but without taking the focus from the colours beside it.
  window.nexnotify = function () { (window.nexnotify.q = window.nexnotify.q || []).push(arguments); };
  window.nexnotify("on", "shown", () => {
    const focus = HTMLElement.prototype.focus;
    HTMLElement.prototype.focus = () => {};
    window.nexnotify("open");
    HTMLElement.prototype.focus = focus;
  });
  addEventListener("message", (event) => {
    if (event.source !== parent || event.origin !== location.origin || !event.data.look) return;
    if (!document.body) return; // the page says it again on load
    config.look = event.data.look;
    config.variants[0].status = event.data.status;
    document.body.classList.toggle("night", event.data.ground === "dark");
    window.nexnotify("refresh");
  });
})();
