// Keeps an order's page as it is on the server: asks now and then, changes only what differs, never moves the focus.
(() => {
  "use strict";
  const FIRST = 2000;
  const LAST = 30000;
  const SLOWER = 1.25;
  const page = document.getElementById("live");
  if (!page) return;
  let wait = FIRST;
  let timer = 0;
  let held = null;

  // Lets the server tell the time of the customer's zone.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === "https:" ? "; secure" : "";
  if (zone) document.cookie = `orderlife_zone=${zone}; path=/track/; max-age=31536000; samesite=lax${secure}`;

  function alike(old, fresh) {
    return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && (old.id || "") === (fresh.id || "");
  }

  // Makes `old` like `fresh`, keeping every node that can stay.
  function change(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) if (name !== "style" && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const wanted = [...fresh.childNodes];
    wanted.forEach((child, place) => {
      const kept = [...old.childNodes].slice(place).find((own) => alike(own, child));
      if (!kept) return void old.insertBefore(child, old.childNodes[place] || null);
      while (old.childNodes[place] !== kept) old.childNodes[place].remove();
      change(kept, child);
    });
    while (old.childNodes.length > wanted.length) old.lastChild.remove();
  }

  function show(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("live");
    if (!fresh) return;
    const focused = page.contains(document.activeElement) ? document.activeElement : null;
    // What somebody has just reached by keyboard is not taken away under their fingers.
    if (focused && focused.id && !fresh.querySelector(`#${CSS.escape(focused.id)}`)) {
      held = text;
      focused.addEventListener("blur", () => setTimeout(() => held && show(held)), { once: true });
      return;
    }
    held = null;
    // The page does not shrink while it is looked at, so that nothing jumps.
    for (const part of page.querySelectorAll(":scope > [id]")) part.style.minHeight = `${part.offsetHeight}px`;
    change(page, fresh);
    if (document.title !== page.dataset.title) document.title = page.dataset.title;
  }

  async function look() {
    try {
      const headers = { "If-None-Match": page.dataset.etag };
      const answer = await fetch(page.dataset.address, { headers, cache: "no-store", redirect: "manual" });
      if (answer.type === "opaqueredirect") return location.reload();
      if (answer.status === 200) {
        show(await answer.text());
        wait = FIRST;
      } else {
        wait = Math.min(wait * (answer.status === 304 ? SLOWER : 2), LAST);
      }
    } catch {
      wait = Math.min(wait * 2, LAST);
    }
    again();
  }

  function again() {
    clearTimeout(timer);
    if ("goesOn" in page.dataset && !document.hidden) timer = setTimeout(look, wait);
  }

  document.addEventListener("visibilitychange", () => {
    wait = FIRST;
    if ("goesOn" in page.dataset && !document.hidden) look();
  });
  if (zone && page.dataset.zone !== zone) look();
  else again();
})();
