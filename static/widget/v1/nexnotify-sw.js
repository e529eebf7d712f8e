/* nexnotify: shows what your shop tells this browser; see docs/push.md. It lies on the shop's own domain. */
addEventListener("push", (event) => {
  const said = event.data.json();
  event.waitUntil(registration.showNotification(said.title, {
    body: said.body, tag: said.tag, data: said,
    actions: said.stop ? [{action: "stop", title: "Stop these"}] : [],
  }));
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  const {url, stop} = event.notification.data;
  const wanted = event.action === "stop" ? stop : url;
  if (wanted) event.waitUntil(clients.openWindow(wanted));
});
