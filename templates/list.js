// The search of a page of one list, and what unfolds its packed items.
// A page of one list: what does not fit is hidden. The list names its items in data-find, what they can be chosen by in
// data-facets, what holds several in data-groups, and what all are about in data-about.
const findable = (list) => {
  const items = [...list.querySelectorAll(list.dataset.find)];
  const groups = list.dataset.groups ? [...list.querySelectorAll(list.dataset.groups)] : [];
  const facets = (list.dataset.facets || "").split(" ").filter(Boolean).map((told) => {
    const [facet, name = facet] = told.split(":");
    return [facet, name, () => items.map((item) => item.getAttribute(`data-${facet}`))];
  });
  let texts;
  const textOf = (item) => {
    let head = list.dataset.about || "";
    for (let group = item; (group = group.parentElement.closest(list.dataset.groups || "nothing"));) {
      head = group.firstElementChild.textContent; // of the outermost
    }
    return `${head} ${item.textContent}`.toLowerCase();
  };
  let narrowed = false;
  const show = (words, chosen) => {
    const asked = words.length + chosen.length > 0;
    if (!asked && !narrowed) return [items.length, items.length];
    narrowed = asked;
    if (words.length) texts ||= items.map(textOf);
    let shown = 0;
    items.forEach((item, n) => {
      const fits = words.every((word) => texts[n].includes(word)) && chosen.every(([facet, v]) => item.dataset[facet] === v);
      item.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    for (const group of groups) group.hidden = asked && !group.querySelector(`:is(${list.dataset.find}):not([hidden])`);
    return [shown, items.length];
  };
  return { name: list.dataset.name, facets, show, size: items.length };
};

// Says on which pages all words stand that are looked for: each set of pages is a number with a bit a page.
const searchable = (block) => {
  let pages, sets;
  const read = () => {
    const told = JSON.parse(block.textContent);
    pages = told.pages;
    sets = Object.entries(told.words).map(([places, texts]) => [BigInt(`0x${places}`), texts]);
  };
  const count = make("p", { class: "quiet", "aria-live": "polite" });
  const list = make("ul", { class: "names" });
  const holding = (word) => sets.reduce((all, [places, texts]) => (texts.includes(word) ? all | places : all), 0n);
  block.after(count, list);
  return (asked, text) => {
    if (asked.length && !pages) read();
    const places = asked.map((word) => holding(word.replace(/#\d+$/, "")));
    const fits = asked.length ? pages.filter((_, n) => places.every((set) => (set >> BigInt(n)) & 1n)) : [];
    list.replaceChildren(...fits.map(([file, check, title, part]) => {
      const item = make("li", {});
      const link = make("a", { href: `${file}#q=${encodeURIComponent(text)}` }, `${check} ${title}`);
      item.append(link, make("span", { class: "quiet small" }, part ? ` ${part}` : ""));
      return item;
    }));
    count.textContent = asked.length ? `${block.dataset.name}: ${written(fits.length)} _(of) ${written(pages.length)}` : "";
  };
};

// One bar searches all lists of the page, and the words of all pages in an index.
const pageSearch = () => {
  const lists = [...document.querySelectorAll("[data-find]")].map(findable).filter((list) => list.size >= 5);
  const block = document.getElementById("words");
  if (!lists.length && !block) return null;
  const pages = block && searchable(block);
  const show = (words, chosen) => {
    if (pages) pages(words, words.join(" "));
    const [shown, total] = lists.map((list) => list.show(words, chosen)).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    return lists.length ? `${written(shown)} _(of) ${written(total)}` : "";
  };
  const facets = lists.flatMap((list) => list.facets);
  const { bar, set } = searchBar(block ? block.dataset.name : lists[0].name, facets, show);
  document.querySelector("main > header.head").after(bar);
  return { set, opened: () => false };
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
    let at = 0;
    values[name] = told.numbers ? told.numbers.map((n) => told.values[n])
      : told.steps ? told.steps.map((step, n) => told.stems[told.of[n]] + String((at += step)).padStart(told.width, "0")) : told;
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

const packed = [...document.querySelectorAll("script[data-packed]")];
if (!packed.length) begin();
else {
  Promise.all(packed.map(unfold)).then(begin, () => {
    for (const told of document.querySelectorAll("noscript")) told.outerHTML = told.textContent;
  });
}
