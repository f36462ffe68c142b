// Convenience for the studio's pages: live refresh, choices without a button, keys. All of it can
// be absent. What the server sends is put in as it is; no text of a campaign is ever made markup
// here.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const main = () => byId("main");
  const blocks = (root) => [...root.querySelectorAll("[data-key]")];
  const written = new Map(); // key → a block's markup as the server wrote it

  // Live refresh ------------------------------------------------------------------------------
  let events = null;
  let newest = 0;

  function follow() {
    events?.close();
    const campaign = main().dataset.campaign;
    events = new EventSource("/events?campaign=" + encodeURIComponent(campaign));
    events.onopen = () => live("on", "Follows your files");
    events.onerror = () => live("off", "The studio has stopped");
    events.onmessage = (event) => {
      const told = JSON.parse(event.data);
      const { version, standing } = main().dataset;
      if (campaign && !told.gone && told.version === Number(version || 0)) return;
      if ("standing" in told && told.standing === standing) return; // as the page has it
      refresh(location.href, () => (campaign ? spoken(told) : "Updated"));
    };
  }

  function spoken(told) {
    if (told.gone) return "The campaign is gone";
    const count = (n, one) => (n ? `${n} ${one}${n > 1 ? "s" : ""}` : "");
    const found = [count(told.errors, "error"), count(told.warnings, "warning")].filter(Boolean);
    const total = told.errors + told.warnings;
    const sum = total ? `${total} finding${total > 1 ? "s" : ""}: ${found.join(", ")}` : "no findings";
    return told.stale ? `Does not compile, ${sum}. Showing the last good version` : `Updated, ${sum}`;
  }

  function live(state, words) {
    byId("live").className = "live " + state;
    byId("live-words").textContent = words;
  }

  // Putting in what is new --------------------------------------------------------------------
  async function refresh(address, say) {
    const turn = ++newest;
    live("busy", "Updating…");
    let text;
    try {
      text = await (await fetch(address, { credentials: "same-origin" })).text();
    } catch {
      live("off", "The studio has stopped");
      return;
    }
    if (turn !== newest) return; // a later one is on its way
    swap(new DOMParser().parseFromString(text, "text/html"));
    live("on", "Follows your files");
    const words = say?.();
    if (words) byId("said").textContent = words;
    document.dispatchEvent(new CustomEvent("studio:updated"));
  }

  function swap(fresh) {
    const focused = document.activeElement?.id;
    const top = window.scrollY;
    const places = remember();
    const old = main();
    const next = fresh.getElementById("main");
    const keys = (list) => list.map((b) => b.dataset.key).join();
    document.title = fresh.title;
    document.documentElement.dataset.theme = fresh.documentElement.dataset.theme;
    replaceIfNew(".picked", fresh);
    if (keys(blocks(old)) === keys(blocks(next)) && old.dataset.campaign === next.dataset.campaign) {
      for (const [name, value] of Object.entries(next.dataset)) old.dataset[name] = value;
      if (!("stale" in next.dataset)) delete old.dataset.stale;
      const now = new Map(blocks(old).map((b) => [b.dataset.key, b]));
      for (const block of blocks(next)) put(now.get(block.dataset.key), block);
    } else {
      old.replaceWith(document.adoptNode(next));
      record();
    }
    restore(places);
    window.scrollTo({ top, behavior: "instant" });
    ready();
    if (focused) byId(focused)?.focus({ preventScroll: true });
  }

  function put(old, block) {
    const key = block.dataset.key;
    const markup = block.outerHTML;
    if (written.get(key) === markup) return;
    written.set(key, markup);
    old.replaceWith(document.adoptNode(block));
    if (key.startsWith("cell-")) block.classList.add("changed");
  }

  function replaceIfNew(selector, fresh) {
    const old = document.querySelector(selector);
    const next = fresh.querySelector(selector);
    if (old && next && old.outerHTML !== next.outerHTML) old.replaceWith(document.adoptNode(next));
  }

  function record() {
    written.clear();
    for (const block of blocks(main())) written.set(block.dataset.key, block.outerHTML);
  }

  // Scroll positions of strips, tables and mails, by name.
  function remember() {
    const places = new Map();
    for (const el of document.querySelectorAll("[data-scroll]")) places.set(el.dataset.scroll, el.scrollLeft);
    for (const el of document.querySelectorAll("[data-frame]")) {
      places.set(el.dataset.frame, { el, top: scrolled(el) });
    }
    return places;
  }

  // A frame that shows the browser's own error page lets nobody look into it, and says so by throwing.
  function scrolled(frame) {
    try {
      return frame.contentWindow.scrollY;
    } catch {
      return 0;
    }
  }

  function scroll(frame, top) {
    try {
      frame.contentWindow.scrollTo(0, top);
    } catch {
      // Nothing to scroll: see above.
    }
  }

  function restore(places) {
    for (const el of document.querySelectorAll("[data-scroll]")) {
      if (places.has(el.dataset.scroll)) el.scrollLeft = places.get(el.dataset.scroll);
    }
    for (const el of document.querySelectorAll("[data-frame]")) {
      const place = places.get(el.dataset.frame);
      if (!place || place.el === el || !place.top) continue;
      el.loading = "eager";
      el.addEventListener("load", () => scroll(el, place.top), { once: true });
    }
  }

  // Choices -----------------------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const form = byId("choices");
    if (!form || event.target.form !== form) return;
    // A customer has a language and traits of their own; choosing others lets go of them.
    const customer = form.elements.customer;
    if (customer && /^(locale|reader|trait\.)/.test(event.target.name)) customer.value = "";
    choose(form, event.target.name === "theme" ? "" : "Shown as chosen");
  });

  document.addEventListener("submit", (event) => {
    if (event.target.id !== "choices") return;
    event.preventDefault();
    choose(event.target, "Shown as chosen");
  });

  function choose(form, words) {
    const asked = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...asked]) if (!value) asked.delete(name);
    const address = "/?" + asked;
    history.replaceState(null, "", address);
    refresh(address, () => byId("notice")?.textContent || words);
  }

  // Fact tables: one stop of the Tab key, arrows inside ------------------------------------------
  function ready() {
    document.documentElement.classList.add("js");
    for (const table of document.querySelectorAll("table")) {
      table.querySelectorAll("[data-roving]").forEach((mark, i) => (mark.tabIndex = i ? -1 : 0));
    }
  }

  function rove(event) {
    const mark = event.target.closest?.("[data-roving]");
    if (!mark) return false;
    const row = mark.closest("tr");
    const column = mark.closest("td").cellIndex;
    const marks = [...row.querySelectorAll("[data-roving]")];
    const at = marks.indexOf(mark);
    const beside = { ArrowRight: marks[at + 1], ArrowLeft: marks[at - 1] }[event.key];
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    let next = beside;
    for (let r = step && row[step]; r && !next; r = r[step]) next = r.cells[column]?.querySelector("[data-roving]");
    if (!next) return Boolean(step || event.key.startsWith("Arrow"));
    mark.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    return true;
  }

  // Keys ---------------------------------------------------------------------------------------
  const dialog = byId("shortcuts");
  const single = byId("single-keys");
  single.checked = localStorage.getItem("single-keys") !== "off";
  single.addEventListener("change", () => localStorage.setItem("single-keys", single.checked ? "on" : "off"));
  byId("help").hidden = false;
  byId("help").addEventListener("click", () => dialog.showModal());
  byId("close-shortcuts").addEventListener("click", () => dialog.close());

  function rows() {
    return [...document.querySelectorAll(".row")];
  }

  function current() {
    const list = rows();
    const at = list.findLastIndex((row) => row.getBoundingClientRect().top < 120);
    return { list, at };
  }

  function go(element) {
    if (!element) return;
    element.scrollIntoView({ block: "start" });
    element.focus({ preventScroll: true });
  }

  const keys = {
    j: () => { const { list, at } = current(); go(list[Math.min(at + 1, list.length - 1)]); },
    k: () => { const { list, at } = current(); go(list[Math.max(at - 1, 0)]); },
    f: () => go(byId("findings")),
    t: () => { const { list, at } = current(); go(list[Math.max(at, 0)]?.querySelector(".facts")); },
    c: () => document.querySelector('[name="channel"]:checked')?.focus(),
    d: () => document.querySelector('[name="look"]:not(:checked)')?.click(),
    "?": () => dialog.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.key.startsWith("Arrow") && rove(event)) return event.preventDefault();
    if (event.target.matches("select, textarea, input:not([type=radio])")) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act && (single.checked || event.key === "?")) { event.preventDefault(); act(); }
  });

  record();
  ready();
  follow();
})();
