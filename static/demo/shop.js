// What a merchant's own theme does: show the variant the shopper picks, and tell the widget by its attribute.
(function () {
  "use strict";
  const words = { in_stock: "In stock", preordered: "Preordered", backordered: "Backordered", sold_out: "Sold Out" };
  const get = (id) => document.getElementById(id);
  function picked(radio) {
    const status = radio.dataset.status;
    get("price").textContent = radio.dataset.price;
    get("stock").textContent = words[status];
    get("stock").dataset.status = status;
    get("buy").disabled = status !== "in_stock";
    get("notify").setAttribute("data-nexnotify-sku", radio.value);
    history.replaceState(null, "", `?v=${encodeURIComponent(radio.value)}`);
  }
  document.addEventListener("change", (event) => event.target.name === "v" && picked(event.target));
  const checked = document.querySelector('input[name="v"]:checked');
  if (checked) picked(checked);
  get("buy").addEventListener("click", () => { 
    // Nothing is sold here; what follows is the page on which a shop thanks, and its code says that there was an order.
    const order = `D-${Date.now().toString(36).toUpperCase()}`, sku = get("notify").getAttribute("data-nexnotify-sku");
    location.href = `/demo/thank-you?v=${encodeURIComponent(sku)}&order=${order}`;
  });
})();
