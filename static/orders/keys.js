// Single keys for buttons, links and fields: whatever carries data-key="x" is pressed, followed or focused by x.
// Without this script everything on the page works by mouse, touch and Tab.
"use strict";

function isTyping(target) {
  return target instanceof Element && (target.closest("input, textarea, select") !== null || target.isContentEditable);
}

let isLeaving = false;

document.addEventListener("keydown", (event) => {
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat || isLeaving) return;
  const keyed = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === event.key);
  if (!keyed) return;
  event.preventDefault();
  if (keyed.matches("input, textarea, select")) {
    keyed.focus();
  } else {
    // One key press decides one order: what is pressed while the next page loads is meant for neither.
    isLeaving = true;
    keyed.click();
  }
});

// A page that is shown again from the browser's memory listens again.
window.addEventListener("pageshow", () => {
  isLeaving = false;
});

// A page that waits for something looks again by itself, unless somebody is typing into its box meanwhile.
const reloading = document.querySelector("[data-reload]");
if (reloading) {
  setInterval(() => {
    const isFilled = [...document.querySelectorAll("input[type=text]")].some((input) => input.value);
    if (!isFilled) location.reload();
  }, Number(reloading.dataset.reload) * 1000);
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
