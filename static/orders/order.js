"use strict";
// An order's page: deadlines count down, and a part that is shown anew keeps the focus. The page works without.

(() => {
  const UNITS = [["s", 1, 120], ["min", 60, 7200], ["h", 3600, 172800]];

  // As `orders/admin/durations.py` says it.
  const brief = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const unit = UNITS.find(([, , limit]) => whole < limit);
    return unit ? `${Math.floor(whole / unit[1])} ${unit[0]}` : `${Math.floor(whole / 86400)} d`;
  };

  const count = () => {
    for (const time of document.querySelectorAll("time[data-left]")) {
      const left = (Date.parse(time.dateTime) - Date.now()) / 1000;
      const words = left > 0 ? `in ${brief(left)}` : `${brief(-left)} overdue`;
      if (time.textContent !== words) time.textContent = words;
    }
  };

  // A tab that nobody looks at asks for nothing; it asks again as soon as somebody does.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.id === "ol-live") event.preventDefault();
  });

  // htmx gives the focus back to what has the same id. Where that has gone, as the order has moved, the focus goes to the
  // part that it stood in, rather than to the top of the page.
  let part = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const holder = document.activeElement && document.activeElement.closest("[id^=ol-part-]");
    part = holder ? holder.id : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (part && (document.activeElement === document.body || !document.activeElement)) {
      document.getElementById(part).focus({ preventScroll: true });
    }
    part = null;
    count();
  });

  setInterval(count, 1000);
})();
