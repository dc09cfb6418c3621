// Makes a page that is whole without it quicker to use: find in a list, sort a table, open what a link points to.
(() => {
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

  // What is folded away is a noscript, which a browser with a script takes for a text: half of the elements of a page need
  // not be made before anybody looks. What it holds it has as its items have: their number, their facets.
  const FOLDED = "noscript[data-items]";
  const bringOut = (place) => {
    for (const folded of place.querySelectorAll(FOLDED)) {
      const made = document.createElement("template");
      made.innerHTML = folded.textContent;
      folded.replaceWith(made.content);
    }
  };
  // Who touches the page may search it next, in a way of which a script is told nothing.
  const bringOutSoon = () => {
    const folded = document.querySelector(FOLDED);
    if (!folded) return;
    bringOut(folded.parentElement);
    setTimeout(bringOutSoon);
  };

  // A list names its items in data-find, what they can be chosen by in data-facets, what holds several in data-groups,
  // and what all are about in data-about.
  const findable = (list, number) => {
    let items = [...list.querySelectorAll(list.dataset.find)];
    const folded = [...list.querySelectorAll(FOLDED)];
    const total = items.length + folded.reduce((sum, part) => sum + Number(part.dataset.items), 0);
    if (total < 5) return;
    const groups = list.dataset.groups ? [...list.querySelectorAll(list.dataset.groups)] : [];
    let texts;
    const textOf = (item) => {
      let head = list.dataset.about || "";
      for (let group = item; (group = group.parentElement.closest(list.dataset.groups || "nothing"));) {
        head = group.firstElementChild.textContent; // of the outermost
      }
      return `${head} ${item.textContent}`.toLowerCase();
    };
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
      const known = [...new Set([...items, ...folded].map((item) => item.getAttribute(`data-${facet}`)))].filter(Boolean).sort();
      choice.append(make("option", { value: "" }, "_(any)"), ...known.map((v) => make("option", { value: v }, v)));
      const field = make("span", { class: "field" });
      field.append(make("label", { for: id }, name), choice);
      bar.append(field);
      return [facet, choice];
    });
    const show = () => {
      if (folded.length) {
        bringOut(list);
        items = [...list.querySelectorAll(list.dataset.find)];
      }
      const words = wordsOf(search.value);
      if (words.length) texts ||= items.map(textOf);
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
      count.textContent = `${written(shown)} _(of) ${written(total)}`;
    };
    bar.append(count);
    if (items[0]?.tagName === "DETAILS") {
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
    count.textContent = `${written(total)} _(of) ${written(total)}`;
  };

  // Says on which pages all words stand that are looked for: each set of pages is a number with a bit a page.
  const searchable = (block) => {
    let pages, sets;
    const read = () => {
      if (sets) return;
      const told = JSON.parse(block.textContent);
      pages = told.pages;
      sets = Object.entries(told.words).map(([places, texts]) => [BigInt(`0x${places}`), texts]);
    };
    const bar = make("form", { class: "finder", role: "search", "aria-label": block.dataset.name });
    const search = make("input", { type: "search", id: "find-all", autocomplete: "off" });
    const count = make("output", { "aria-live": "polite" });
    const list = make("ul", { class: "names" });
    const holding = (word) => sets.reduce((all, [places, texts]) => (texts.includes(word) ? all | places : all), 0n);
    bar.append(make("label", { for: "find-all" }, block.dataset.name), search, count);
    bar.addEventListener("submit", (event) => event.preventDefault());
    bar.addEventListener("input", () => {
      read();
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
  const tell = (table) => {
    const names = [...table.tHead.rows[0].cells].map((head) => head.textContent.replace(/\s+/g, " ").trim());
    for (const row of table.tBodies[0].rows) {
      if (row.cells.length !== names.length) continue;
      [...row.cells].forEach((cell, n) => cell.tagName === "TD" && (cell.dataset.label ||= names[n]));
    }
  };
  const stack = () => {
    if (!phone.matches) return;
    for (const table of document.querySelectorAll(".scroll table:not(.narrow, .stacks, .matrix, .flows)")) {
      if (!table.tHead) continue;
      tell(table);
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
    if (!location.hash) return;
    const name = decodeURIComponent(location.hash.slice(1));
    if (!document.getElementById(name)) bringOut(document);
    const target = document.getElementById(name);
    if (!target) return;
    for (let part = target; part; part = part.parentElement) {
      part.hidden = false;
      if (part.tagName === "DETAILS") part.open = true;
    }
    // What comes into sight is laid out only then, and may push the target away.
    let frames = 6;
    const hold = () => {
      target.scrollIntoView();
      if (frames--) requestAnimationFrame(hold);
    };
    hold();
  };

  // The first 48 bits of the SHA-256 of a text. What the browser has of it is only there for pages of a safe server.
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => ((x % 1) * 2 ** 32) | 0;
  const cubic = primes.map((p) => fraction(p ** (1 / 3)));
  const square = primes.slice(0, 8).map((p) => fraction(p ** (1 / 2)));
  const turned = (x, n) => (x >>> n) | (x << (32 - n));
  const digest = (text) => {
    const bytes = new TextEncoder().encode(text);
    const words = new Int32Array((((bytes.length + 8) >> 6) + 1) << 4);
    bytes.forEach((byte, n) => (words[n >> 2] |= byte << (24 - 8 * (n & 3))));
    words[bytes.length >> 2] |= 128 << (24 - 8 * (bytes.length & 3));
    words[words.length - 1] = bytes.length * 8;
    const sum = Int32Array.from(square);
    const w = new Int32Array(64);
    for (let block = 0; block < words.length; block += 16) {
      let [a, b, c, d, e, f, g, h] = sum;
      for (let n = 0; n < 64; n++) {
        const [x, y] = [w[n - 15], w[n - 2]];
        w[n] = n < 16 ? words[block + n]
          : w[n - 16] + w[n - 7] + (turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)) + (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10));
        const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + cubic[n] + w[n];
        const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((part, n) => (sum[n] += part));
    }
    return [sum[0], sum[1]].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("").slice(0, 12);
  };

  // The items of a list: its columns have a value an item for each place; a value may have places of others.
  const filled = ({ item, columns }) => {
    const values = {};
    for (const [name, told] of Object.entries(columns)) {
      values[name] = told.numbers ? told.numbers.map((n) => told.values[n]) : told;
    }
    if (columns.id) {
      const { prefix, others } = columns.id;
      values.id = values.subject.map((subject, n) => others[n] || prefix + digest(subject));
    }
    const put = (text, n) => text.replace(/<!(\w+)>/g, (_, name) => values[name][n]);
    return Object.values(values).at(-1).map((_, n) => put(put(item, n), n)).join("");
  };

  // A long list is packed: deflated, in base64.
  const unfold = async (block) => {
    const bytes = Uint8Array.from(atob(block.textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const made = document.createElement("template");
    made.innerHTML = filled(await new Response(stream).json());
    block.replaceWith(made.content);
  };

  const begin = () => {
    document.querySelectorAll("script#words").forEach(searchable);
    document.querySelectorAll("[data-find]").forEach(findable);
    document.querySelectorAll("table[data-sort]").forEach(sortable);
    phone.addEventListener("change", stack);
    stack();
    window.addEventListener("hashchange", reveal);
    window.addEventListener("beforeprint", () => bringOut(document));
    document.addEventListener("toggle", (event) => bringOut(event.target), true);
    document.addEventListener("keydown", (event) => (event.ctrlKey || event.metaKey) && bringOut(document));
    for (const touched of ["pointerdown", "keydown", "wheel", "touchstart"]) {
      document.addEventListener(touched, bringOutSoon, { once: true, passive: true });
    }
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
