// Makes a page that is whole without it quicker to use: find in a list, sort a table, open what a link points to.
(() => {
  "use strict";

  const make = (tag, attributes, text) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text) made.textContent = text;
    return made;
  };

  const written = (n) => n.toLocaleString(document.documentElement.lang);

  const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

  // A list names its items in data-find, what they can be chosen by in data-facets, what holds several in data-groups,
  // and what all are about in data-about.
  const findable = (list, number) => {
    const items = [...list.querySelectorAll(list.dataset.find)];
    if (items.length < 5) return;
    const groups = list.dataset.groups ? [...list.querySelectorAll(list.dataset.groups)] : [];
    const texts = items.map((item) => {
      let head = list.dataset.about || "";
      for (let group = item; (group = group.parentElement.closest(list.dataset.groups || "nothing"));) {
        head = group.firstElementChild.textContent; // of the outermost
      }
      return `${head} ${item.textContent}`.toLowerCase();
    });
    const bar = make("form", { class: "finder", role: "search", "aria-label": list.dataset.name });
    bar.addEventListener("submit", (event) => event.preventDefault());
    const search = make("input", { type: "search", id: `find-${number}`, autocomplete: "off" });
    const label = make("label", { for: `find-${number}` }, "_(Find)");
    const count = make("output", { "aria-live": "polite" });
    bar.append(label, search);
    const choices = (list.dataset.facets || "").split(" ").filter(Boolean).map((told) => {
      const [facet, name = facet] = told.split(":");
      const id = `find-${number}-${facet}`;
      const choice = make("select", { id });
      const known = [...new Set(items.map((item) => item.dataset[facet]))].filter(Boolean).sort();
      choice.append(make("option", { value: "" }, "_(any)"), ...known.map((v) => make("option", { value: v }, v)));
      const field = make("span", { class: "field" });
      field.append(make("label", { for: id }, name), choice);
      bar.append(field);
      return [facet, choice];
    });
    const show = () => {
      const words = wordsOf(search.value);
      let shown = 0;
      items.forEach((item, n) => {
        const fits = words.every((word) => texts[n].includes(word)) &&
          choices.every(([facet, choice]) => !choice.value || item.dataset[facet] === choice.value);
        item.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      const asked = words.length || choices.some(([, choice]) => choice.value);
      for (const group of groups) {
        group.hidden = asked && !group.querySelector(`:is(${list.dataset.find}):not([hidden])`);
        if (group.tagName === "DETAILS") group.open = asked && !group.hidden && shown <= 200;
      }
      count.textContent = `${written(shown)} _(of) ${written(items.length)}`;
    };
    bar.append(count);
    if (items[0].tagName === "DETAILS") {
      const all = make("button", { type: "button" }, "_(Open all)");
      all.addEventListener("click", () => {
        const open = all.textContent === "_(Open all)";
        for (const item of items) if (!item.hidden) item.open = open;
        all.textContent = open ? "_(Close all)" : "_(Open all)";
      });
      bar.append(all);
    }
    bar.addEventListener("input", show);
    const first = groups[0] || items[0].closest("ul, .scroll") || items[0];
    first.parentNode.insertBefore(bar, first);
    show();
  };

  // Says on which pages all words stand that are looked for: each set of pages is a number with a bit a page.
  const searchable = (block) => {
    const { pages, words } = JSON.parse(block.textContent);
    const sets = Object.entries(words).map(([places, texts]) => [BigInt(`0x${places}`), texts]);
    const bar = make("form", { class: "finder", role: "search", "aria-label": block.dataset.name });
    const search = make("input", { type: "search", id: "find-all", autocomplete: "off" });
    const count = make("output", { "aria-live": "polite" });
    const list = make("ul", { class: "names" });
    const holding = (word) => sets.reduce((all, [places, texts]) => (texts.includes(word) ? all | places : all), 0n);
    bar.append(make("label", { for: "find-all" }, block.dataset.name), search, count);
    bar.addEventListener("submit", (event) => event.preventDefault());
    bar.addEventListener("input", () => {
      const asked = wordsOf(search.value);
      const places = asked.map((word) => holding(word.replace(/#\d+$/, "")));
      const fits = asked.length ? pages.filter((_, n) => places.every((set) => (set >> BigInt(n)) & 1n)) : [];
      list.replaceChildren(...fits.map(([file, check, title, part]) => {
        const item = make("li", {});
        const link = make("a", { href: `${file}#find=${encodeURIComponent(search.value)}` }, `${check} ${title}`);
        item.append(link, make("span", { class: "quiet small" }, part ? ` ${part}` : ""));
        return item;
      }));
      count.textContent = asked.length ? `${written(fits.length)} _(of) ${written(pages.length)}` : "";
    });
    block.after(bar, list);
  };

  const value = (cell) => {
    const text = cell.textContent.trim();
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
  const tell = (table, from) => {
    const names = [...table.tHead.rows[0].cells].map((head) => (head.innerText || head.textContent).replace(/\s+/g, " ").trim());
    for (const row of table.tBodies[0].rows) {
      if (row.cells.length !== names.length) continue;
      [...row.cells].forEach((cell, n) => n >= from && cell.tagName === "TD" && (cell.dataset.label ||= names[n]));
    }
  };
  const stack = () => {
    if (!phone.matches) return;
    for (const table of document.querySelectorAll(".scroll table:not(.stacks, .matrix, .flows)")) {
      if (!table.tHead) continue;
      if (table.matches(".subjects")) tell(table, 3); // of a result the owner alone needs to be told
      if (getComputedStyle(table).display !== "table") continue; // the style sheet stacks it
      tell(table, 0);
      table.classList.add("stacks");
    }
  };

  const reveal = () => {
    const field = location.hash.startsWith("#find=") && document.querySelector(".finder input");
    if (field) {
      field.value = decodeURIComponent(location.hash.slice(6));
      field.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target; part; part = part.parentElement) {
      part.hidden = false;
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
  };

  // A long list is packed: its markup, deflated, in base64.
  const unfold = async (block) => {
    const bytes = Uint8Array.from(atob(block.textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const made = document.createElement("template");
    made.innerHTML = await new Response(stream).text();
    block.replaceWith(made.content);
  };

  const begin = () => {
    document.querySelectorAll("script#words").forEach(searchable);
    document.querySelectorAll("[data-find]").forEach(findable);
    document.querySelectorAll("table[data-sort]").forEach(sortable);
    phone.addEventListener("change", stack);
    stack();
    window.addEventListener("hashchange", reveal);
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (link && link.hash === location.hash) reveal();
    });
    reveal();
  };

  const packed = [...document.querySelectorAll("script[data-packed]")];
  if (!packed.length) begin();
  else {
    Promise.all(packed.map(unfold)).then(begin, () => {
      for (const told of document.querySelectorAll("noscript")) told.outerHTML = told.textContent;
    });
  }
})();
