// Makes a page that is whole without it quicker to use: search, sort a table, open what a link points to. With it comes
// report.js in the report and list.js elsewhere; each has the `pageSearch` of its pages.
"use strict";

const make = (tag, attributes, text) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
};

// What the browser knows of languages takes it long to load.
const written = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

// What is folded away is a noscript, which a browser with a script takes for a text: most elements of a page need not be
// made before somebody opens what holds them. The text is kept, since the search reads it.
const texts = new WeakMap();
const bringOut = (place) => {
  for (const folded of place.querySelectorAll("details > noscript")) {
    const made = document.createElement("template");
    texts.set(folded.parentElement, folded.textContent);
    made.innerHTML = folded.textContent;
    stack(made.content);
    folded.replaceWith(made.content);
  }
};
const markupOf = (part) => texts.get(part) ?? (part.querySelector(":scope > noscript")?.textContent || part.innerHTML);
const SIGNS = { amp: "&", lt: "<", gt: ">", quot: '"', shy: "", nbsp: " " };
const decoded = (text) => text.replace(/&(?:#(\d+)|(\w+));/g, (all, code, name) => (code ? String.fromCodePoint(code) : SIGNS[name] ?? all));
const bare = (markup) => decoded(markup.replace(/<wbr>/g, "").replace(/<[^>]*>/g, " "));
const plain = (markup) => bare(markup).replace(/\s+/g, " ").trim();

// Words that have an order of their own, the lowest first.
const ranks = (document.querySelector("[data-ranks]")?.dataset.ranks || "").split("|").filter(Boolean);
const highestFirst = (a, b) => ranks.indexOf(b) - ranks.indexOf(a) || (/^\d/.test(a) && /^\d/.test(b) ? -1 : 1) * (a < b ? -1 : a > b ? 1 : 0);

// The state of the search is in the address, so that a link leads to what is in sight: #q=words&status=fail.
const stateIn = (hash) => (/^#(results$|.*=)/.test(hash) ? new URLSearchParams(hash === "#results" ? "" : hash.slice(1)) : null);

// The one bar of a page. `onChange` gets the words and the choices, and returns how many of how many fit, at once or later.
const searchBar = (name, facets, onChange) => {
  const bar = make("form", { class: "finder", role: "search", "aria-label": name });
  const search = make("input", { type: "search", id: "find", autocomplete: "off", placeholder: matchMedia("(pointer: coarse)").matches ? "_(Search)" : "_(Press / to search)" });
  const count = make("output", { "aria-live": "polite" });
  const row = make("div", { class: "facets", id: "facets" });
  const toggle = make("button", { type: "button", "aria-expanded": "false", "aria-controls": "facets" }, "_(Filters)");
  const clear = make("button", { type: "button", class: "clear" }, "_(Clear)");
  const choices = new Map();
  const unfolded = (open) => {
    row.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
  };
  bar.append(make("label", { for: "find", class: "sr" }, "_(Find)"), search, count, ...(facets.length ? [toggle] : []), clear, row);
  const state = () => {
    const told = new URLSearchParams();
    if (search.value.trim()) told.set("q", search.value.trim());
    for (const [facet, choice] of choices) if (choice.value) told.set(facet, choice.value);
    return told;
  };
  const apply = () => {
    const told = state();
    clear.hidden = ![...told].length;
    const chosen = [...told].filter(([facet]) => facet !== "q");
    toggle.textContent = chosen.length ? `_(Filters) (${chosen.length})` : "_(Filters)";
    Promise.resolve(onChange(wordsOf(search.value), chosen)).then((text) => text !== undefined && (count.textContent = text));
  };
  const leave = () => {
    const told = state().toString();
    history.replaceState(null, "", told ? `#${told}` : location.pathname + location.search);
    apply();
  };
  const field = (facet, label, values) => {
    const id = `find-${facet}`;
    const choice = make("select", { id });
    choice.append(make("option", { value: "" }, "_(any)"), ...values.map((v) => make("option", { value: v }, v)));
    const place = make("span", { class: "field" });
    place.append(make("label", { for: id }, label), choice);
    row.append(place);
    return choice;
  };
  // Values may come late: to gather those of a whole report takes long, and few readers open the filters.
  let known = false;
  const offer = () => {
    if (known) return;
    known = true;
    for (const [facet, label, valuesOf] of facets) {
      const values = [...new Set(valuesOf())].filter(Boolean).sort(highestFirst);
      if (values.length && values.length <= 500) choices.set(facet, field(facet, label, values));
    }
  };
  const set = (told) => {
    search.value = told.get("q") || "";
    if ([...told].some(([facet]) => facet !== "q")) {
      offer();
      unfolded(true);
    }
    for (const [facet, label] of facets) {
      const asked = told.get(facet) || "";
      if (asked && !choices.has(facet)) choices.set(facet, field(facet, label, []));
      const choice = choices.get(facet);
      // A choice of the address that is not offered is shown all the same: nothing fits it.
      if (asked && ![...choice.options].some((option) => option.value === asked)) choice.append(make("option", { value: asked }, asked));
      if (choice) choice.value = asked;
    }
    apply();
  };
  unfolded(false);
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.addEventListener("input", leave);
  toggle.addEventListener("click", () => {
    offer();
    unfolded(row.hidden);
  });
  clear.addEventListener("click", () => {
    set(new URLSearchParams());
    leave();
    search.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === search && search.value) clear.click();
  });
  return { bar, search, set };
};

// Words by rank, ranges such as "2 – 3" by both ends, other numbers by the first.
const value = (cell) => {
  const text = cell.textContent.trim();
  if (ranks.includes(text.toLowerCase())) return ranks.indexOf(text.toLowerCase());
  const range = text.match(/^(\d) \S+ (\d)$/);
  if (range) return Number(range[2]) - 0.5 + range[1] / 10;
  const number = parseFloat(text.replace(/,/g, ""));
  return Number.isNaN(number) ? text.toLowerCase() : number;
};

const order = (a, b) => {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
};

const sortable = (table) => {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  if (body.rows.length < 3) return;
  heads.forEach((head, column) => {
    const button = make("button", { type: "button", class: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => [value(row.cells[column]), row]);
      rows.sort((a, b) => (down ? -1 : 1) * order(a[0], b[0]));
      body.append(...rows.map(([, row]) => row));
    });
  });
};

// On a phone a row of a wide table becomes a block, in which each cell says what its column is.
const phone = matchMedia("(max-width: 640px)");
const tell = (table) => {
  const names = [...table.tHead.rows[0].cells].map((head) => head.textContent.replace(/\s+/g, " ").trim());
  for (const row of table.tBodies[0].rows) {
    if (row.cells.length !== names.length) continue;
    [...row.cells].forEach((cell, n) => cell.tagName === "TD" && (cell.dataset.label ||= names[n]));
  }
};
const stack = (place = document) => {
  if (!phone.matches) return;
  for (const table of place.querySelectorAll(".scroll table:not(.narrow, .stacks)")) {
    if (!table.tHead) continue;
    tell(table);
    table.classList.add("stacks");
  }
};

const reveal = () => {
  if (!location.hash) return;
  const name = decodeURIComponent(location.hash.slice(1));
  if (!document.getElementById(name)) {
    const holds = (folded) => folded.textContent.includes(`id="${name}"`);
    const holder = [...document.querySelectorAll("details > noscript")].find(holds);
    if (holder) bringOut(holder.parentElement);
  }
  const target = document.getElementById(name);
  if (!target) return;
  for (let part = target; part; part = part.parentElement) {
    part.hidden = false;
    if (part.tagName === "DETAILS") {
      bringOut(part);
      part.open = true;
    }
  }
  // What comes into sight is laid out only then, and may push the target away.
  let frames = 6;
  const hold = () => {
    target.scrollIntoView();
    if (frames--) requestAnimationFrame(hold);
  };
  hold();
};

// What else a page does at its beginning; what comes into sight is followed last.
const first = [];
const last = [];

const begin = () => {
  for (const act of first) act();
  const search = pageSearch();
  const route = (event) => {
    if (search?.opened()) return;
    const told = stateIn(location.hash);
    search?.set(told || new URLSearchParams());
    if (!told) reveal();
    else if (event && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) search?.focus?.();
  };
  document.querySelectorAll("table[data-sort]").forEach(sortable);
  phone.addEventListener("change", () => stack());
  stack();
  for (const act of last) act();
  window.addEventListener("hashchange", route);
  document.addEventListener("toggle", (event) => bringOut(event.target), true);
  // A browser that searches the page itself has to find what is folded, too.
  document.addEventListener("keydown", (event) => {
    if (event.key === "F3" || ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f")) bringOut(document);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link || event.defaultPrevented) return;
    if (link.hash === location.hash) route(event);
    if (link.className === "anchor") navigator.clipboard?.writeText(link.href).catch(() => {});
  });
  route();
};
