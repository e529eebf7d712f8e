/* nexnotify widget, v1; see docs/widget.md. No dependency, no cookie, no storage; nothing is ever parsed as HTML. */
(function () {
  "use strict";
  const stub = window.nexnotify;
  if (stub && stub.loaded) return; // loaded twice: the first wins
  const script = document.currentScript || document.querySelector("script[data-nexnotify][data-store]");
  const store = script && script.dataset.store;
  if (!store || !window.customElements || !Element.prototype.attachShadow) return;

  const TAG = "nexnotify-widget";
  const NAMES = { "data-nexnotify-sku": "sku", "data-nexnotify-variant": "variant_id", "data-nexnotify-product": "product" };
  const PLACES = { "data-nexnotify-location": "location", "data-nexnotify-region": "region" };
  const HERE = "data-nexnotify-mount";
  const MARKS = Object.keys(NAMES).concat(HERE);
  const ATTRIBUTES = MARKS.concat(Object.keys(PLACES));
  const MOUNTS = MARKS.map((name) => `[${name}]:not(script)`).join();
  const API = `${script.src.replace(/\/widget\/[^/]+\/[^/]+$/, "")}/widget/v1/${encodeURIComponent(store)}`;
  const ANY = "*"; // in the list of variants: whichever is back first
  const STOCK = "in_stock"; // what shoppers wait for unless they say otherwise
  const SECRET = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(""); // of this page
  const FRESH = 15000, PATIENCE = 12000;
  const SCOPE = "nexnotify-push/"; // no page lies in it, so that a worker of the shop's own keeps its pages

  const CSS = `
:host{display:block;margin-block:12px;
--a:var(--nexnotify-accent,#1c1917);--oa:var(--nexnotify-on-accent,#fff);--bg:var(--nexnotify-bg,#fff);--t:var(--nexnotify-text,#1c1917);
--b:var(--nexnotify-border,#79716b);--e:var(--nexnotify-error,#b3141d);--fb:var(--nexnotify-field-bg,#fff);--ft:var(--nexnotify-field-text,#1c1917);--r:var(--nexnotify-radius,8px)}
:host([data-dark]){--a:var(--nexnotify-accent,#f5f5f4);--oa:var(--nexnotify-on-accent,#1c1917);--bg:var(--nexnotify-bg,#1c1b1a);--t:var(--nexnotify-text,#f5f5f4);
--b:var(--nexnotify-border,#8c857f);--e:var(--nexnotify-error,#ffa3a3);--fb:var(--nexnotify-field-bg,#292524);--ft:var(--nexnotify-field-text,#f5f5f4);color-scheme:dark}
:host([hidden]),[hidden]{display:none!important}
*{box-sizing:border-box}
.root{line-height:1.4;text-align:start;letter-spacing:normal;text-transform:none;white-space:normal;overflow-wrap:anywhere}
button,input,select{font:inherit;letter-spacing:inherit}
.main{display:block;width:100%;min-height:48px;padding:10px 16px;border:1px solid var(--a);border-radius:var(--r);background:var(--a);color:var(--oa);font-weight:600;cursor:pointer}
.main[aria-disabled]{opacity:.7;cursor:progress}
.box{position:relative;padding:18px;border:1px solid var(--b);border-radius:var(--r);background:var(--bg);color:var(--t)}
h2{margin:0;padding-inline-end:36px;font-size:1.06em;font-weight:700}
p{margin:0}.small{font-size:.875em}.field{margin-top:14px}
.close{position:absolute;inset-block-start:10px;inset-inline-end:10px;width:32px;height:32px;padding:0;border:0;border-radius:var(--r);background:none;color:inherit;font-size:24px;line-height:1;cursor:pointer}
.label{display:block;margin-bottom:4px;font-size:.9375em;font-weight:600}
.in{width:100%;min-height:46px;padding:8px 12px;border:1px solid var(--b);border-radius:var(--r);background:var(--fb);color:var(--ft);font-size:max(16px,1em)}
option{background:var(--fb);color:var(--ft)}
.tel{display:flex;gap:8px}.tel>input{flex:1;min-width:0}
.cc{position:relative;display:flex;align-items:center;gap:6px;width:auto;white-space:nowrap}
.cc select{position:absolute;inset:0;width:100%;height:100%;opacity:0;cursor:pointer}
.consent{display:flex;gap:10px;align-items:flex-start;cursor:pointer}
.consent input{flex:none;width:22px;height:22px;margin:0;accent-color:var(--a)}
.err{color:var(--e);font-size:.875em;font-weight:600}.err:not(.gen){margin-top:4px}
.gen{margin-top:14px;padding:10px 12px;border:1px solid;border-radius:var(--r)}
[aria-invalid=true]{border-color:var(--e);box-shadow:0 0 0 1px var(--e)}
.links{display:flex;flex-wrap:wrap;gap:4px 16px;margin-top:12px}.links a{color:inherit;padding-block:3px}
:focus-visible,.cc:focus-within{outline:3px solid var(--a);outline-offset:2px}
@media(forced-colors:active){.main{border-color:ButtonText}.cc:focus-within{outline-color:Highlight}}`;
  // What the store's admin may set: name in the config, our variable, the shop's variable.
  const LOOK = [["accent", "a", "accent"], ["on_accent", "oa", "on-accent"], ["background", "bg", "bg"], ["background", "fb", "field-bg"],
    ["text", "t", "text"], ["text", "ft", "field-text"], ["border", "b", "border"], ["error", "e", "error"], ["radius", "r", "radius"]];
  let sheet = null;
  try {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  } catch { sheet = null; } // an old browser: a style element, which a strict policy of the page may refuse

  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (typeof value === "function") node.addEventListener(name, value);
      else if (value != null) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }
  const emit = (name, detail) => document.dispatchEvent(new CustomEvent(`nexnotify:${name}`, { detail }));
  const digits = (text) => text.match(/\p{Nd}/gu) || [];
  // "We'll text {phone} once" as nodes; what is filled in keeps its own direction inside the sentence.
  const fill = (text, values) => text.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? make("bdi", {}, values[part] || "") : part));

  const asked = new Map(); // address → { at, answer }
  let doubt = false; // the server said that something is not as we knew it: no cache is good enough
  function ask(wanted) {
    const url = `${API}/config?${new URLSearchParams({ ...wanted, lang: script.dataset.lang || document.documentElement.lang || "" })}`;
    const known = asked.get(url);
    if (known && Date.now() - known.at < FRESH) return known.answer;
    const answer = send(url, undefined, doubt ? "no-cache" : "default").then((reply) => (reply.ok ? reply.json() : null)).then(withPush).catch(() => null);
    asked.set(url, { at: Date.now(), answer });
    return answer;
  }
  function forget() {
    asked.clear();
    doubt = true;
  }
  function send(url, body, cache) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    // A text body and no header of our own: the browser needs no preflight.
    return fetch(url, { method: body ? "POST" : "GET", body, cache, credentials: "omit", signal: stop.signal }).finally(() => clearTimeout(timer));
  }

  /** What the server offers, without push where this browser cannot. */
  function withPush(config) {
    if (!config || !config.push || (isSecureContext && navigator.serviceWorker && window.PushManager && window.Notification)) return config;
    const others = (channels) => channels.filter((channel) => channel !== "push");
    for (const v of config.variants) {
      v.channels = others(v.channels);
      for (const name of Object.keys(v.intents || {})) if (!(v.intents[name] = others(v.intents[name])).length) delete v.intents[name];
    }
    return config;
  }
  /** The browser asks its owner; what it gives goes to the server. Throws where the owner says no, or it cannot. */
  async function subscribe({ key, worker }) {
    const unanswered = new Promise((go) => setTimeout(go, 60000)); // some browsers ask where nobody looks
    if ((await Promise.race([Notification.requestPermission(), unanswered])) !== "granted") throw new Error("no");
    const registration = await navigator.serviceWorker.register(worker, { scope: worker.replace(/[^/]*$/, SCOPE) });
    const fresh = registration.installing || registration.waiting;
    if (fresh && !registration.active) await new Promise((go, fail) => fresh.addEventListener("statechange", () =>
      fresh.state === "activated" ? go() : fresh.state === "redundant" && fail(new Error("the shop's file is broken"))));
    const bytes = Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    const options = { userVisibleOnly: true, applicationServerKey: bytes }, pushes = registration.pushManager;
    const made = await pushes.subscribe(options).catch(async (fault) => {
      const former = await pushes.getSubscription(); // for a key that the store has no more
      if (!former) throw fault;
      await former.unsubscribe();
      return pushes.subscribe(options);
    });
    return made.toJSON();
  }

  class Widget extends HTMLElement {
    constructor() {
      super();
      this.view = "none";
      this.at = 0;
      const root = this.attachShadow({ mode: "open" });
      this.look = sheet ? new CSSStyleSheet() : make("style");
      if (sheet) root.adoptedStyleSheets = [sheet, this.look];
      else root.append(make("style", {}, CSS), this.look);
    }

    /** The colours set in the admin. The shop's own CSS counts more: its variables are asked first. */
    wear(look) {
      const rules = LOOK.map(([name, own, shop]) => {
        const value = look && look[name];
        const css = name === "radius" ? Number.isInteger(value) && `${value}px` : /^#[0-9a-f]{6}$/i.test(value) && value;
        return css ? `--${own}:var(--nexnotify-${shop},${css});` : "";
      }).join("");
      const css = `:host,:host([data-dark]){${rules}}`;
      if (sheet) this.look.replaceSync(css);
      else this.look.textContent = css;
    }

    /** Show the product of `wanted`: { sku } or { variant_id } or { product } or nothing. */
    follow(wanted) {
      const key = JSON.stringify(wanted || null);
      if (key === this.key) return;
      this.key = key;
      this.wanted = wanted;
      this.chosen = null; // what the page picks counts more than what was picked in the form
      const known = this.config && Date.now() - this.at < FRESH && this.named(this.config);
      if (known) this.apply(this.config);
      else this.load();
    }

    async load() {
      const key = this.key;
      const config = this.wanted ? await ask(this.wanted) : null;
      if (key !== this.key) return; // the shopper has picked another one meanwhile
      this.at = Date.now();
      this.apply(config);
    }

    /** The variant that the page names, where the answer has it. */
    named(config) {
      const { sku, variant_id } = this.wanted || {};
      return config.variants.find((v) => (sku ? v.sku === sku : variant_id && v.variant_id === variant_id));
    }

    apply(config) {
      const askable = config ? config.variants.filter((v) => v.channels.length) : [];
      const item = config && (this.named(config) || (this.wanted.product && config.variants.find((v) => v.variant_id === config.selected)));
      if (!askable.length || !config.texts || (item && !item.channels.length)) {
        this.config = config;
        return this.show("none");
      }
      const t = config.texts;
      if (!this.ui || this.language !== config.language) this.build(config);
      else if (!this.codes.size) this.countries(config); // the product before had no texts
      const before = this.item;
      if (this.config && this.config.product.id !== config.product.id) this.ui.consent.checked = this.ui.push.checked = false; // a yes is for one product
      this.config = config;
      this.item = askable.find((v) => v.variant_id === this.chosen) || item || (askable.length === 1 ? askable[0] : null);
      const ui = this.ui;
      ui.which.replaceChildren();
      if (!this.item) ui.which.append(make("option", { value: "" }, t.choose));
      for (const v of askable) ui.which.append(make("option", { value: v.variant_id }, v.name || v.sku || v.variant_id));
      if (config.ask_any) ui.which.append(make("option", { value: ANY }, t.any));
      this.any = this.any && config.ask_any && this.chosen === ANY;
      if (this.any) this.item = askable[0];
      if (this.item) ui.which.value = this.any ? ANY : this.item.variant_id;
      ui.whichField.hidden = askable.length < 2;
      const place = ui.region.value, regions = config.regions || [];
      ui.region.replaceChildren(make("option", { value: "" }, t.anywhere), ...regions.map((r) => make("option", { value: r.key }, r.name)));
      ui.region.value = regions.some((r) => r.key === place) ? place : "";
      ui.regionField.hidden = !regions.length;
      this.consentText = config.consent_text;
      ui.consentText.textContent = config.consent_text;
      this.update();
      this.wear(config.look);
      const colour = /^rgba?\((\d+), (\d+), (\d+)/.exec(getComputedStyle(this.parentNode || this).color); // light text: a dark page
      this.toggleAttribute("data-dark", !!colour && 0.3 * colour[1] + 0.6 * colour[2] + 0.1 * colour[3] > 150);
      const same = before && this.item && before.variant_id === this.item.variant_id;
      if (this.view === "none" || (this.view === "done" && !same)) this.show("button");
    }

    /** What depends on the variant chosen. */
    update() {
      const { ui, item, config } = this;
      const t = config.texts;
      this.intent = this.wish(item);
      const channels = this.intent !== STOCK ? item.intents[this.intent] : item ? item.channels : config.variants.flatMap((v) => v.channels);
      this.sms = channels.includes("sms");
      this.email = channels.includes("email");
      this.push = channels.includes("push");
      ui.status.textContent = item ? [t[item.status], !this.any && item.name].filter(Boolean).join(" · ") : "";
      ui.both.hidden = this.sms + this.email + this.push < 2;
      ui.both.textContent = this.push ? t.one_or_more : t.one_or_both;
      ui.quantityField.hidden = !config.ask_quantity;
      ui.phoneField.hidden = !this.sms;
      ui.emailField.hidden = !this.email;
      ui.pushField.hidden = !this.push;
      this.askConsent();
    }

    /** What the shopper wants to be told of; the choices are those of the variant. */
    wish(item) {
      const { ui } = this, t = this.config.texts, offered = (!this.any && item && item.intents) || {};
      const names = [STOCK, ...Object.keys(offered)];
      const chosen = names.includes(ui.intent.value) ? ui.intent.value : STOCK;
      ui.intent.replaceChildren(...names.map((name) => make("option", { value: name }, t[`intent_${name}`])));
      ui.intent.value = chosen;
      ui.intentField.hidden = names.length < 2;
      return chosen;
    }

    askConsent() {
      this.ui.consentField.hidden = !this.sms || ((this.email || this.push) && !this.ui.phone.value.trim());
    }

    build(config) {
      const t = config.texts;
      this.language = config.language;
      const field = (name, label, control, ...more) => {
        control.setAttribute("id", name);
        const error = make("p", { id: `${name}-error`, class: "err", part: "error", hidden: "" });
        return [make("div", { class: "field" }, label ? make("label", { for: name, class: "label" }, label) : "", ...more, error), error];
      };
      const ui = (this.ui = { errors: {} });
      ui.cta = make("button", { type: "button", class: "main", part: "button", click: () => this.open() }, t.cta);

      ui.which = make("select", { class: "in", part: "input", change: () => this.choose() });
      [ui.whichField, ui.errors.which] = field("which", t.which, ui.which, ui.which);

      ui.intent = make("select", { class: "in", part: "input", change: () => this.update() });
      [ui.intentField, ui.errors.intent] = field("intent", t.intent, ui.intent, ui.intent);

      ui.region = make("select", { class: "in", part: "input" });
      [ui.regionField, ui.errors.region] = field("region", t.region, ui.region, ui.region);

      ui.quantity = make("input", { type: "number", inputmode: "numeric", min: 1, step: 1, value: 1, dir: "ltr", class: "in", part: "input" });
      [ui.quantityField, ui.errors.quantity] = field("quantity", t.quantity, ui.quantity, ui.quantity);

      ui.phone = make("input", { type: "tel", inputmode: "tel", autocomplete: "tel-national", dir: "ltr", maxlength: 40, class: "in", part: "input", input: () => this.askConsent() });
      ui.dial = make("span", { "aria-hidden": "true", dir: "ltr" });
      ui.country = make("select", { "aria-label": t.country, autocomplete: "tel-country-code", change: () => this.dial() });
      this.countries(config);
      ui.cc = make("span", { class: "in cc", part: "input" }, ui.dial, make("span", { "aria-hidden": "true" }, "▾"), ui.country);
      [ui.phoneField, ui.errors.phone] = field("phone", t.phone, ui.phone, make("div", { class: "tel" }, ui.cc, ui.phone));

      ui.consent = make("input", { type: "checkbox" });
      ui.consentText = make("span");
      [ui.consentField, ui.errors.consent] = field("consent", "", ui.consent, make("label", { class: "consent small", part: "consent", for: "consent" }, ui.consent, ui.consentText));

      ui.email = make("input", { type: "email", inputmode: "email", autocomplete: "email", autocapitalize: "none", spellcheck: "false", dir: "ltr", maxlength: 254, class: "in", part: "input" });
      [ui.emailField, ui.errors.email] = field("email", t.email, ui.email, ui.email);

      ui.push = make("input", { type: "checkbox", "aria-describedby": "push-help" });
      [ui.pushField, ui.errors.push] = field("push", "", ui.push, make("label", { class: "consent", for: "push" }, ui.push, make("span", {}, t.push)), make("p", { id: "push-help", class: "small" }, t.push_help));

      ui.general = make("p", { class: "err gen", part: "error", role: "alert", tabindex: -1, hidden: "" });
      ui.status = make("p", { class: "small", part: "status" });
      ui.both = make("p", { class: "small field" });
      ui.submit = make("button", { type: "submit", class: "main field", part: "submit" }, t.submit);
      ui.links = make("p", { class: "links small" });
      for (const [name, href] of Object.entries(config.links || {})) {
        if (/^https?:/.test(href)) ui.links.append(make("a", { href, target: "_blank", rel: "noopener" }, t[name]));
      }
      ui.links.hidden = !ui.links.children.length;
      ui.form = make("form", { novalidate: "", submit: (event) => { event.preventDefault(); this.submit(); } },
        ui.general, ui.whichField, ui.intentField, ui.regionField, ui.quantityField, ui.both, ui.phoneField, ui.consentField, ui.emailField, ui.pushField, ui.submit, ui.links);
      const close = make("button", { type: "button", class: "close", "aria-label": t.close, click: () => this.close() }, "×");
      const escape = (event) => { if (event.key === "Escape") { event.stopPropagation(); this.close(); } };
      ui.panel = make("section", { class: "box", part: "panel", "aria-labelledby": "title", keydown: escape },
        make("h2", { id: "title", part: "title" }, t.title), ui.status, close, ui.form);

      ui.doneText = make("p", {});
      ui.done = make("div", { class: "box", part: "success", role: "status", tabindex: -1 }, make("h2", {}, `✓ ${t.done_title}`), ui.doneText);
      const root = make("div", { class: "root", lang: config.language, dir: config.dir }, ui.cta, ui.panel, ui.done);
      for (const old of this.shadowRoot.querySelectorAll(".root")) old.remove();
      this.shadowRoot.append(root);
      this.show(this.view);
    }

    countries({ country, countries, language }) {
      let names = null;
      try { names = new Intl.DisplayNames([language], { type: "region" }); } catch { /* the two letters will do */ }
      const rows = (countries || []).map(([region, code]) => [region, code, (names && names.of(region)) || region]);
      rows.sort((a, b) => (b[0] === country) - (a[0] === country) || a[2].localeCompare(b[2], language));
      this.codes = new Map(rows);
      this.ui.country.append(...rows.map(([region, code, name]) => make("option", { value: region }, `${name} +${code}`)));
      this.dial();
    }
    dial() {
      const region = this.ui.country.value;
      this.ui.dial.textContent = region ? `${region} +${this.codes.get(region)}` : "";
    }

    show(view) {
      const changed = view !== this.view;
      this.view = view;
      this.hidden = view === "none";
      if (!this.ui) return;
      this.ui.cta.hidden = view !== "button";
      this.ui.panel.hidden = view !== "panel";
      this.ui.done.hidden = view !== "done";
      if (changed && view === "button") emit("shown", this.detail());
    }
    detail() {
      const { sku, variant_id } = this.item || {};
      return { sku, variant_id, product: this.config.product.id };
    }

    open() {
      if (this.view !== "button") return;
      this.problems({});
      this.show("panel");
      const { ui } = this;
      (ui.whichField.hidden ? (this.sms ? ui.phone : this.email ? ui.email : ui.push) : ui.which).focus();
      emit("opened", this.detail());
      if (Date.now() - this.at > FRESH) this.load();
    }
    close() {
      if (this.view !== "panel") return;
      this.show("button");
      this.ui.cta.focus();
      if (Date.now() - this.at > FRESH || this.stale) this.load();
      this.stale = false;
    }
    choose() {
      this.chosen = this.ui.which.value;
      this.any = this.chosen === ANY;
      this.item = this.config.variants.find((v) => (this.any ? v.channels.length : v.variant_id === this.chosen)) || null;
      this.update();
    }

    /** Errors by field; `general` stands above the form. Focus goes to the first. */
    problems(found) {
      const { ui } = this;
      let first = null;
      for (const name of ["which", "quantity", "phone", "consent", "email", "push"]) {
        const words = found[name], control = ui[name], help = name === "push" ? "push-help " : "";
        ui.errors[name].textContent = words || "";
        ui.errors[name].hidden = !words;
        if (words) {
          control.setAttribute("aria-invalid", "true");
          control.setAttribute("aria-describedby", `${help}${name}-error`);
          first = first || control;
        } else {
          control.removeAttribute("aria-invalid");
          if (help) control.setAttribute("aria-describedby", help);
          else control.removeAttribute("aria-describedby");
        }
      }
      ui.general.textContent = found.general || "";
      ui.general.hidden = !found.general;
      first = found.general ? ui.general : first;
      if (first) first.focus();
      return !first;
    }

    async submit() {
      if (this.busy) return; // a second press while the first is on its way
      const { ui, item, sms, email, push, config } = this;
      const t = config.texts;
      const phone = sms ? ui.phone.value.trim() : "", address = email ? ui.email.value.trim() : "";
      const found = {};
      const only = push ? "_push" : sms && email ? "" : sms ? "_sms" : "_email";
      const inBrowser = push && ui.push.checked;
      const quantity = config.ask_quantity ? Number(ui.quantity.value) : 1;
      if (!item) found.which = t.err_which;
      if (!Number.isInteger(quantity) || quantity < 1 || quantity > 1e6) found.quantity = t.err_quantity;
      if (!phone && !address && !inBrowser) found[sms ? "phone" : email ? "email" : "push"] = t[`err_none${only}`];
      if (phone && (digits(phone).length < 6 || digits(phone).length > 15)) found.phone = t.err_phone;
      if (phone && !ui.consent.checked) found.consent = t[email || push ? "err_consent" : "err_consent_sms"];
      if (address && !/^\S+@\S+\.\S+$/.test(address)) found.email = t.err_email;
      if (!this.problems(found)) return;

      const abroad = /^(\+|＋|00)/.test(phone), code = this.codes.get(ui.country.value);
      const body = {
        variant_id: item.variant_id,
        any_variant: this.any || undefined,
        quantity: config.ask_quantity ? quantity : undefined,
        intent: this.intent !== STOCK ? this.intent : undefined,
        location: this.wanted.location,
        region: this.wanted.region || ui.region.value || undefined,
        channels: [phone && "sms", address && "email", inBrowser && "push"].filter(Boolean),
        phone: phone ? (abroad || !code ? phone : `+${code} ${phone}`) : undefined,
        email: address || undefined,
        consent: !!phone && ui.consent.checked,
        consent_text: phone ? ui.consentText.textContent : undefined,
        page_url: (location.origin + location.pathname).slice(0, 2000),
        language: config.language,
        zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        secret: (commands.visitor && commands.visitor()) || SECRET,
        visitor: commands.visitor && commands.visitor(),
      };
      this.wait(true);
      try {
        if (inBrowser) body.push = await subscribe(config.push);
      } catch (fault) {
        this.wait(false);
        return void this.problems({ push: fault.message === "no" ? t.err_push_no : t.err_push });
      }
      try {
        const answer = await send(`${API}/requests`, JSON.stringify(body));
        if (answer.ok) this.finish(body);
        else this.refused(answer.status, await answer.json().catch(() => ({})), t);
      } catch {
        this.problems({ general: navigator.onLine === false ? t.err_offline : t.err_failed });
      } finally {
        this.wait(false);
      }
    }
    wait(busy) {
      const { ui } = this;
      this.busy = busy;
      if (busy) ui.submit.setAttribute("aria-disabled", "true");
      else ui.submit.removeAttribute("aria-disabled");
      ui.submit.textContent = this.config.texts[busy ? "sending" : "submit"];
    }
    refused(status, { error }, t) {
      const { code, fields = {} } = error || {};
      const { phone, consent, email, push } = fields;
      forget();
      if (status === 422 && (phone || consent || email || push)) this.problems({ phone, consent, email, push: push && t.err_push });
      else {
        this.stale = status === 409 || status === 404 || code === "channel_off";
        this.problems({ general: status === 409 ? (code === "already_offered" ? t.err_off : t.in_stock) : status === 429 ? t.err_limit : this.stale ? t.err_off : t.err_failed });
      }
    }
    finish({ phone, email, push, channels, variant_id }) {
      const { ui, config, item } = this;
      const values = {
        phone: phone && `••• ${digits(phone).slice(-4).join("")}`,
        email: email && email.replace(/^(.).*@/, "$1•••@"),
        product: [config.product.title, !this.any && item.name].filter(Boolean).join(", "),
      };
      const said = phone && email ? "done_both" : phone ? "done_sms" : email ? "done_email" : "done_push";
      ui.doneText.replaceChildren(...fill(config.texts[said], values), push && said !== "done_push" ? ` ${config.texts.also_push}` : "");
      ui.consent.checked = ui.push.checked = false; // a yes is for one product
      this.show("done");
      ui.done.focus();
      emit("subscribed", { ...this.detail(), variant_id, channels });
    }
  }
  customElements.define(TAG, Widget);

  // --- where on the page, and for which product ---
  const widgets = new Map(); // mount → its widget

  function fromAttributes(node) {
    for (const [attribute, name] of Object.entries(NAMES)) {
      const value = node.getAttribute(attribute);
      if (value) return { [name]: value };
    }
    return null;
  }
  /** Whose stock counts on this page: of its place, or else of the script's. */
  function placeOf(mount) {
    for (const node of [mount, script]) {
      for (const [attribute, name] of Object.entries(PLACES)) {
        const value = node.getAttribute(attribute);
        if (value) return { [name]: value };
      }
    }
    return {};
  }
  let read = ["", null]; // the JSON-LD read last, and what it says
  function fromJsonLd() {
    const texts = Array.from(document.querySelectorAll('script[type="application/ld+json"]'), (node) => node.textContent);
    if (texts.join() !== read[0]) {
      let found = null;
      for (const text of texts) {
        try { found = found || productIn(JSON.parse(text), 0); } catch { /* somebody else's mistake */ }
      }
      read = [texts.join(), found];
    }
    return read[1];
  }
  function productIn(node, depth) {
    if (!node || typeof node !== "object" || depth > 4) return null;
    if (Array.isArray(node)) return node.reduce((found, each) => found || productIn(each, depth + 1), null);
    if (/\bProduct(Group)?\b/.test([].concat(node["@type"]).join(" "))) {
      const offers = [].concat(node.offers || []);
      const sku = node.sku || (offers.length === 1 && offers[0] && offers[0].sku);
      const id = node.productGroupID || node.productID;
      return sku ? { sku: String(sku) } : id ? { product: String(id) } : null;
    }
    return productIn(node["@graph"], depth + 1) || productIn(node.mainEntity, depth + 1);
  }

  /** A page with nothing but the script: beside it, else by the merchant's selector, the cart form, or the title. */
  function placeOne() {
    const mount = make("div", { [HERE]: "" });
    const wish = script.dataset.target;
    const beside = wish ? document.querySelector(wish)
      : document.body && document.body.contains(script) ? script
      : document.querySelector('form[action*="cart"]') || document.querySelector("h1");
    if (beside) beside.after(mount);
  }

  function scan() {
    queued = false;
    if (!document.querySelector(MOUNTS) && (fromAttributes(script) || fromJsonLd())) placeOne();
    for (const mount of document.querySelectorAll(MOUNTS)) {
      const named = fromAttributes(mount) || (mount.hasAttribute(HERE) ? fromAttributes(script) || fromJsonLd() : null);
      const own = named && { ...named, ...placeOf(mount) };
      const source = JSON.stringify(own);
      let widget = widgets.get(mount) || orphan(source) || make(TAG, { hidden: "" });
      widgets.set(mount, widget);
      if (widget.parentNode !== mount) mount.append(widget);
      if (widget.source !== source) widget.forced = null; // the page has moved on
      widget.source = source;
      widget.follow(widget.forced || own);
    }
  }
  /** The theme has drawn the page anew: the widget of the same product goes on, with what was typed into it. */
  function orphan(source) {
    for (const [mount, widget] of widgets) {
      if (mount.isConnected) continue;
      if (widget.source === source && !widget.isConnected) {
        widgets.delete(mount);
        return widget;
      }
      if (widgets.size > 100) widgets.delete(mount);
    }
    return null;
  }
  let queued = false;
  function scanSoon() {
    if (!queued) queued = true, requestAnimationFrame(scan);
  }

  const commands = {
    /** nexnotify("setVariant", "id" | { sku } | { variant } | { product } | null) */
    setVariant(wish) {
      scan();
      const { sku, variant, product } = wish && typeof wish === "object" ? wish : { variant: wish };
      const forced = sku ? { sku: String(sku) } : variant ? { variant_id: String(variant) } : product ? { product: String(product) } : null;
      for (const [mount, widget] of widgets) {
        widget.forced = forced && { ...forced, ...placeOf(mount) };
        widget.follow(widget.forced || JSON.parse(widget.source));
      }
    },
    refresh() {
      forget();
      scan();
      for (const widget of widgets.values()) widget.load();
    },
    open() {
      for (const widget of widgets.values()) if (widget.view === "button") return widget.open();
    },
    on(name, act) {
      document.addEventListener(`nexnotify:${name}`, (event) => act(event.detail));
    },
  };
  Object.assign(commands, stub && stub.commands); // those of the tracking code, if that was faster
  const api = (...call) => (commands[call[0]] ? commands[call[0]](...call.slice(1)) : void api.q.push(call));
  api.loaded = true;
  api.q = []; // what only the tracking code understands
  api.commands = commands;
  window.nexnotify = api;

  new MutationObserver(scanSoon).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ATTRIBUTES });
  scan();
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", scan);
  for (const call of (stub && stub.q) || []) api(...call);
})();
