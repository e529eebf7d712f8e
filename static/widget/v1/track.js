/* nexnotify tracking and order-confirmation code, v1; see docs/storefront-code.md for what it sends, and when. No cookie. */
(function () {
  "use strict";
  const script = document.currentScript || document.querySelector("script[data-nexnotify-track][data-store]");
  const data = script && script.dataset;
  if (!data || !data.store) return;
  const isOrder = data.nexnotifyTrack === "order";
  const known = window.nexnotify;
  if (known && known.commands && known.commands.order) { // the other code has loaded it
    if (isOrder) known("order", data);
    return;
  }

  const API = `${script.src.replace(/\/widget\/[^/]+\/[^/]+$/, "")}/widget/v1/${encodeURIComponent(data.store)}`;
  const TOKEN = "nexnotify-visitor", LASTS = 180 * 864e5;
  const NAMES = { "data-nexnotify-sku": "sku", "data-nexnotify-variant": "variant_id", "data-nexnotify-product": "product" };
  const SOME = Object.keys(NAMES).map((name) => `[${name}]:not(script)`).join();
  const required = data.consent === "required";

  // --- may we? ---
  let consent = { yes: true, no: false }[data.consent] ?? null;
  const refused = () => navigator.globalPrivacyControl === true || navigator.doNotTrack === "1" || navigator.webdriver === true;
  const may = () => !refused() && consent !== false && (consent || !required);
  let waiting = []; // what is told, or told again with who it is, once the shop's consent tool says yes

  function visitor() {
    if (!consent || refused()) return undefined;
    try {
      const [token, since] = (localStorage.getItem(TOKEN) || "").split(" ");
      if (token && Date.now() - since < LASTS) return token;
      const fresh = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
      localStorage.setItem(TOKEN, `${fresh} ${Date.now()}`);
      return fresh;
    } catch { return undefined; } // a browser that stores nothing
  }
  function forget() {
    waiting = [];
    try { localStorage.removeItem(TOKEN); } catch { /* nothing is stored there */ }
  }

  // --- telling ---
  /** Tell now, later, or never. `more` says who it is, and goes along only with the visitor's consent. */
  function tell(path, body, more) {
    if (refused() || consent === false) return;
    if (!consent && (required || more)) waiting.push([path, body, more]);
    if (!may()) return;
    const whole = consent ? { ...body, ...(more && more()), consent: true } : body;
    // A text body needs no preflight; it goes out even if the shopper leaves.
    fetch(`${API}/${path}`, { method: "POST", body: JSON.stringify(whole), credentials: "omit", keepalive: true }).catch(() => {});
  }
  const text = (value, most) => (value == null || value === "" ? undefined : String(value).slice(0, most));
  const named = (what) => {
    const { sku, variant, variant_id, product } = what || {};
    return { sku: text(sku, 255), variant_id: text(variant_id ?? variant, 255), product: text(product, 255) };
  };

  const commands = {
    /** nexnotify("consent", true | false): what the shopper told the shop's consent tool. Call it on every page. */
    consent(yes) {
      consent = yes === true;
      if (!consent || refused()) return forget();
      visitor();
      for (const each of waiting.splice(0)) tell(...each);
    },
    /** nexnotify("view", { sku } | { variant } | { product }), where the page does not name its product itself. */
    view(what) {
      tell("views", { products: [].concat(what).slice(0, 20).map(named) });
    },
    /** nexnotify("order", { order, total, currency, lines, phone, email }) on the page that follows an order. */
    order(what) {
      if (what.page && !location.pathname.startsWith(what.page)) return;
      let lines = what.lines;
      try { lines = typeof lines === "string" ? JSON.parse(lines) : lines; } catch { lines = null; } // an unfilled merge tag
      lines = Array.isArray(lines) ? lines.slice(0, 20).map((line) => ({ ...named(line), product: undefined, quantity: +line.quantity || 1 })) : [];
      const body = { order: text(what.order, 100), total: text(what.total, 40), currency: text(what.currency, 20), lines };
      tell("orders", body, () => ({ visitor: visitor(), phone: text(what.phone, 60), email: text(what.email, 254) }));
    },
    visitor,
  };

  // --- one nexnotify(), shared with the widget, whichever comes first ---
  if (known && known.loaded) Object.assign(known.commands, commands);
  const api = known && known.loaded ? known : (...call) => (commands[call[0]] ? commands[call[0]](...call.slice(1)) : void api.q.push(call));
  const calls = (known && known.q) || [];
  api.q = [];
  api.commands = api.commands || commands;
  window.nexnotify = api;
  for (const call of calls) api(...call);

  // --- the page ---
  function productIn(node, depth) {
    if (!node || typeof node !== "object" || depth > 4) return null;
    if (Array.isArray(node)) return node.reduce((found, each) => found || productIn(each, depth + 1), null);
    if (/\bProduct(Group)?\b/.test([].concat(node["@type"]).join(" "))) {
      const offers = [].concat(node.offers || []);
      const sku = node.sku || (offers.length === 1 && offers[0] && offers[0].sku), product = node.productGroupID || node.productID;
      return sku ? { sku } : product ? { product } : null;
    }
    return productIn(node["@graph"], depth + 1) || productIn(node.mainEntity, depth + 1);
  }
  /** As the widget reads it: attributes, else the first product of the JSON-LD. */
  function products() {
    const found = new Map();
    for (const node of document.querySelectorAll(SOME)) {
      const [attribute, name] = Object.entries(NAMES).find(([attribute]) => node.getAttribute(attribute)) || [];
      if (name) found.set(name + node.getAttribute(attribute), { [name]: node.getAttribute(attribute) });
    }
    if (found.size) return [...found.values()];
    for (const node of document.querySelectorAll('script[type="application/ld+json"]')) {
      let product = null;
      try { product = productIn(JSON.parse(node.textContent), 0); } catch { /* somebody else's mistake */ }
      if (product) return [product];
    }
    return [];
  }
  function start() {
    if (refused()) return forget();
    if (isOrder) commands.order(data);
    const seen = products();
    if (seen.length) commands.view(seen);
  }
  /** Once the page is read, and really looked at: a browser may fetch and draw it ahead. */
  function when(ready, target, event) {
    return new Promise((go) => (ready() ? go() : target.addEventListener(event, function again() {
      if (ready()) target.removeEventListener(event, again), go();
    })));
  }
  document.addEventListener("nexnotify:subscribed", ({ detail }) => tell("views", { products: [named(detail)], what: "signup" }));
  when(() => document.readyState !== "loading", document, "readystatechange")
    .then(() => when(() => document.visibilityState !== "hidden", document, "visibilitychange"))
    .then(start);
})();
