"use strict";
// Runs before the page is painted, so that a chosen theme does not flash the other.
const Theme = (() => {
  const KEY = "mcdenoise-theme";
  const NAMES = { auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark" };
  const listeners = [];
  const system = matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto"; // some browsers give pages from disk no storage
    }
  }

  let choice = stored() in NAMES ? stored() : "auto";

  function apply() {
    document.documentElement.dataset.theme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    listeners.forEach((listener) => listener());
  }

  function next() {
    const names = Object.keys(NAMES);
    choice = names[(names.indexOf(choice) + 1) % names.length];
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // the choice then lasts as long as the page
    }
    apply();
  }

  system.addEventListener("change", apply);
  apply();
  return {
    next,
    label: () => NAMES[choice],
    onChange: (listener) => listeners.push(listener),
  };
})();
