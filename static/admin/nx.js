// Small behaviours of the admin. Everything works without them; nothing here needs eval or inline style.
(function () {
  "use strict";
  var $ = function (selector) { return document.querySelector(selector); };
  // The sentences, in the language of the page: data-nx-… of the body.
  var said = function (name) { return document.body.dataset["nx" + name]; };

  // --- htmx: every request carries the CSRF token; a fault that has no place on the page becomes an alert
  document.addEventListener("htmx:configRequest", function (event) {
    var meta = $('meta[name="csrf-token"]');
    if (meta) event.detail.headers["X-CSRFToken"] = meta.content;
  });
  document.addEventListener("htmx:responseError", function (event) {
    if (polls(event)) return;
    fault(said("Answered").replace("{status}", event.detail.xhr.status));
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (polls(event)) return;
    fault(said("Unreached"));
  });

  // --- parts that keep themselves up to date: silent while nobody looks or while one of their popovers is open;
  //     a fault passes, the next question may fare better; whoever was signed out meanwhile sees it
  function polls(event) {
    return event.detail.elt.matches("[data-nx-poll]");
  }
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (polls(event) && (document.hidden || event.detail.elt.querySelector(":popover-open"))) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!polls(event) || new URL(event.detail.xhr.responseURL).pathname === location.pathname) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
  document.addEventListener("visibilitychange", function () {
    var part = $("[data-nx-poll]");
    if (part && !document.hidden) htmx.trigger(part, "nx:look");
  });
  function fault(text) {
    var place = $("#nx-flash");
    if (!place) return;
    var note = document.createElement("div");
    note.className = "nx-note nx-bad";
    note.setAttribute("role", "alert");
    note.textContent = text;
    place.replaceChildren(note);
    place.scrollIntoView({ block: "nearest" });
  }

  // --- theme
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-nx-theme]")) return;
    var root = document.documentElement;
    var next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    root.setAttribute("data-bs-theme", next);
    try { localStorage.setItem("nx-theme", next); } catch (e) { /* storage is closed */ }
  });

  // --- toasts: six seconds, resting while pointed at or focused. A server sends one with the header
  //     HX-Trigger: {"nx:toast": {"text": "Template saved", "undo": "/admin/…"}}
  function arm(toast) {
    var timer;
    var start = function () { timer = setTimeout(function () { toast.remove(); }, 6000); };
    var rest = function () { clearTimeout(timer); };
    toast.addEventListener("mouseenter", rest);
    toast.addEventListener("focusin", rest);
    toast.addEventListener("mouseleave", start);
    toast.addEventListener("focusout", start);
    start();
  }
  function show(text, undo) {
    var place = $("#nx-toasts");
    if (!place) return;
    var toast = document.createElement("div");
    toast.className = "nx-toast";
    var words = document.createElement("span");
    words.className = "nx-toast-text";
    words.textContent = text;
    toast.append(words);
    if (undo) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = said("Undo");
      button.addEventListener("click", function () {
        button.disabled = true;
        fetch(undo, { method: "POST", headers: { "X-CSRFToken": $('meta[name="csrf-token"]').content } }).then(
          function (answer) { if (answer.ok) location.reload(); else fault(said("NotUndone")); },
          function () { fault(said("UndoUnreached")); }
        );
      });
      toast.append(button);
    }
    place.append(toast);
    arm(toast);
  }
  document.addEventListener("nx:toast", function (event) {
    var detail = event.detail || {};
    show(detail.text || detail.value || "", detail.undo);
  });
  document.querySelectorAll(".nx-toast").forEach(arm);

  // --- copy: <button data-nx-copy="#id-of-the-code">
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-nx-copy]");
    if (!button) return;
    var source = $(button.dataset.nxCopy);
    if (!source) return;
    var fail = function () {
      getSelection().selectAllChildren(source);
      show(said("PressCopy"));
    };
    if (!navigator.clipboard) return fail();
    navigator.clipboard.writeText(source.value || source.textContent).then(function () { show(said("Copied")); }, fail);
  });

  // --- paper: <button data-nx-print>
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-nx-print]")) window.print();
  });

  // --- tokens: <button data-nx-insert="[[firstname]]" data-nx-into="#body">
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-nx-insert]");
    if (!button) return;
    var field = $(button.dataset.nxInto);
    if (!field) return;
    field.setRangeText(button.dataset.nxInsert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // --- a form is sent once; the button says so. data-nx-busy="Sending…", data-nx-confirm="Delete it?"
  document.addEventListener("submit", function (event) {
    var form = event.target;
    var button = event.submitter;
    var ask = (button && button.dataset.nxConfirm) || form.dataset.nxConfirm;
    if (ask && !confirm(ask)) return event.preventDefault();
    if (form.dataset.nxSent) return event.preventDefault();
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    form.dataset.nxSent = "1";
    if (button) {
      button.setAttribute("aria-disabled", "true");
      if (button.dataset.nxBusy) button.textContent = button.dataset.nxBusy;
    }
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) document.querySelectorAll("form[data-nx-sent]").forEach(function (form) {
      delete form.dataset.nxSent;
      form.querySelectorAll('[aria-disabled="true"]').forEach(function (b) { b.removeAttribute("aria-disabled"); });
    });
  });

  // --- a select that filters a list sends its form by itself, or presses the button that it names
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-nx-submit]")) return;
    var button = event.target.dataset.nxSubmit && document.getElementById(event.target.dataset.nxSubmit);
    event.target.form.requestSubmit(button || undefined);
  });

  // --- ticks of a list: the box at the head ticks all of the page, and is half ticked when some are
  function ticks() { return Array.from(document.querySelectorAll('input[name="tick"][form="pick"]')); }
  function mixed() {
    var head = $("[data-nx-all]");
    if (!head) return;
    var all = ticks(), on = all.filter(function (box) { return box.checked; }).length;
    head.hidden = false;
    head.checked = on > 0 && on === all.length;
    head.indeterminate = on > 0 && on < all.length;
  }
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-nx-all]")) {
      ticks().forEach(function (box) { box.checked = event.target.checked; });
      if (ticks()[0]) ticks()[0].dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (event.target.matches('[data-nx-all], input[name="tick"]')) mixed();
  });
  mixed();

  // --- popovers: beside their button; opened by hover too, with time to move the pointer into them
  function place(pop, button) {
    var box = button.getBoundingClientRect();
    var size = pop.getBoundingClientRect();
    var left = Math.max(8, Math.min(box.left, innerWidth - size.width - 8));
    var below = box.bottom + 6;
    pop.style.left = left + "px";
    pop.style.top = (below + size.height > innerHeight - 8 ? Math.max(8, box.top - size.height - 6) : below) + "px";
  }
  document.addEventListener("toggle", function (event) {
    if (event.newState !== "open" || !event.target.matches(".nx-pop")) return;
    var button = $('[popovertarget="' + event.target.id + '"]');
    if (button) place(event.target, button);
  }, true);
  var closing;
  // A finger hovers nowhere, though browsers say so: its tap opens by the press alone.
  document.addEventListener("pointerover", function (event) {
    if (event.pointerType !== "mouse") return;
    var button = event.target.closest && event.target.closest(".nx-people");
    var pop = event.target.closest && event.target.closest(".nx-pop");
    if (!button && !pop) return;
    clearTimeout(closing);
    if (button) {
      var own = document.getElementById(button.getAttribute("popovertarget"));
      if (own && !own.matches(":popover-open")) own.showPopover();
    }
  });
  // What hovering has opened is not closed by pressing.
  document.addEventListener("click", function (event) {
    var button = event.target.closest(".nx-people");
    var own = button && document.getElementById(button.getAttribute("popovertarget"));
    if (own && event.pointerType === "mouse" && own.matches(":popover-open")) event.preventDefault();
  });
  document.addEventListener("pointerout", function (event) {
    if (event.pointerType !== "mouse" || !event.target.closest || !event.target.closest(".nx-people, .nx-pop")) return;
    clearTimeout(closing);
    closing = setTimeout(function () {
      document.querySelectorAll(".nx-pop:popover-open").forEach(function (pop) { pop.hidePopover(); });
    }, 180);
  });

  // --- "/" goes to the search field
  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    var field = $(".nx-search input");
    if (field) { event.preventDefault(); field.focus(); }
  });
})();
