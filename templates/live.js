// Puts what is new into the page and leaves the reader where he is. Without it the page is loaded anew now and then.
"use strict";

const EVERY = 3000;
const PATIENCE = 20000;
const lost = document.getElementById("lost");
let answered = new Date();

// What is at the top of the window stays there: rows may be added above it.
const anchorOf = (part) => [...part.querySelectorAll("[id]")].find((e) => e.getBoundingClientRect().bottom > 0 && !e.contains(document.getElementById("changes")));

const isSelecting = (part) => {
  const selection = getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
};

const put = (next) => {
  const part = document.getElementById("now");
  const atTop = scrollY < 8;
  const anchor = atTop ? null : anchorOf(part);
  const top = anchor ? anchor.getBoundingClientRect().top : 0;
  const known = new Set([...part.querySelectorAll("tr[id]")].map((row) => row.id));
  const focus = document.activeElement;
  const place = part.contains(focus) ? [focus.closest("[id]")?.id, focus.getAttribute("href")] : null;
  const sideways = [...part.querySelectorAll(".scroll")].map((e) => e.scrollLeft);
  part.replaceWith(next);
  for (const row of next.querySelectorAll("tr[id^=c-]")) if (!known.has(row.id)) row.classList.add("fresh");
  next.querySelectorAll(".scroll").forEach((e, n) => { e.scrollLeft = sideways[n] || 0; });
  if (place?.[1]) {
    const links = [...next.querySelectorAll("a")].filter((a) => a.getAttribute("href") === place[1]);
    (links.find((a) => a.closest("[id]")?.id === place[0]) || links[0])?.focus({ preventScroll: true });
  }
  const again = anchor && document.getElementById(anchor.id);
  if (again) scrollBy({ top: again.getBoundingClientRect().top - top, behavior: "instant" });
};

// A watch that hangs takes the question and never answers it.
const ask = async (name) => {
  const answer = await fetch(name, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw answer;
  return answer.text();
};

const look = async () => {
  const part = document.getElementById("now");
  const { version } = JSON.parse(await ask("/state.json"));
  if (version !== part.dataset.version && !isSelecting(part)) {
    const next = new DOMParser().parseFromString(await ask("/"), "text/html").getElementById("now");
    if (next) put(document.adoptNode(next));
  }
};

const tick = async () => {
  try {
    await look();
    answered = new Date();
    lost.hidden = true;
  } catch (failed) {
    const words = failed.status === 401 ? lost.dataset.refused : lost.dataset.text;
    const text = words.replace("{time}", answered.toISOString().slice(0, 19).replace("T", " ") + " UTC");
    if (lost.textContent !== text) lost.textContent = text;
    lost.hidden = false;
  }
  setTimeout(tick, EVERY);
};

setTimeout(tick, EVERY);
