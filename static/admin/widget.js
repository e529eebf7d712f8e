// The widget's page: colours are shown at once in the preview, and what cannot be read is said at once.
(function () {
  "use strict";
  const get = (id) => document.getElementById(id);
  const { pairs, worn } = JSON.parse(get("colours").textContent);
  const frame = get("preview"), bar = document.querySelector(".nx-preview-bar");
  const HEX = /^#[0-9a-f]{6}$/i;

  // --- contrast: the same rule as nexnotify/content/contrast.py
  function luminance(colour) {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const part = parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  function contrast(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }
  function poor(look) {
    return pairs.flatMap((pair) => {
      const pages = look[pair.ink] && look[pair.ground] ? [["", worn.light]] : Object.entries(worn);
      return pages.map(([page, own]) => {
        const shown = { ...own, ...look };
        return { pair, page, ratio: contrast(shown[pair.ink], shown[pair.ground]) };
      }).filter(({ ratio }) => ratio < pair.least);
    });
  }
  function warn(look) {
    get("contrast").replaceChildren(...poor(look).map(({ pair, page, ratio }) => {
      const note = document.createElement("p");
      note.className = "nx-note nx-warn";
      note.textContent = `${pair.words} are hard to read${page && ` on a ${page} shop`}: contrast ${ratio.toFixed(1)}, at least ${pair.least} is needed.`;
      return note;
    }));
  }

  // --- what is typed or picked
  function look() {
    const found = {};
    for (const name of Object.keys(worn.light)) {
      const typed = get(name).value.trim(), colour = typed && !typed.startsWith("#") ? `#${typed}` : typed;
      if (HEX.test(colour)) found[name] = colour.toLowerCase();
    }
    const radius = get("radius").value.trim();
    if (/^\d+$/.test(radius)) found.radius = Math.min(Number(radius), 32);
    return found;
  }
  const picked = (name) => document.querySelector(`input[name="p-${name}"]:checked`).value;
  function show() {
    const colours = look(), status = picked("status");
    warn(colours);
    frame.classList.toggle("nx-narrow", picked("width") === "phone");
    for (const note of document.querySelectorAll("[data-nx-off]")) note.hidden = note.dataset.nxOff !== status;
    if (frame.contentWindow) frame.contentWindow.postMessage({ look: colours, status, ground: picked("ground") }, location.origin);
  }
  get("look-form").addEventListener("input", (event) => {
    const name = event.target.dataset.nxColour;
    if (name) get(name).value = event.target.value;
    else {
      const well = document.querySelector(`[data-nx-colour="${event.target.id}"]`), colour = look()[event.target.id];
      if (well && colour) well.value = colour;
    }
    show();
  });
  bar.addEventListener("change", show);
  frame.addEventListener("load", show);
  bar.hidden = false;
  show();
})();
