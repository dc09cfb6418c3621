// The search of the report: controls, checks, agents, files and every result, from the texts of what is folded away. What
// fits stands in place of the chapters; a result opens in a drawer.
const FIRST = 50;
const NAMES = 12;
const SLICE = 30; // ms
const COLUMNS = [
  ["_(Check)", (r) => r.check.title],
  ["_(Subject)", (r) => r.subject],
  ["_(Result and reason)", (r) => -(ranks.indexOf(r.status) * 100 + ranks.indexOf(r.severity))],
  ["_(Record)", (r) => r.record],
  ["_(Owner)", (r) => r.facets.owner],
];

const listsOf = (kind) => [...document.querySelectorAll(`[data-entries=${kind}]`)];
const partsOf = (kind) => listsOf(kind).flatMap((list) => [...list.children].filter((part) => part.matches("details.block")).map((part) => [part, list]));
const rowsOf = (kind, item) => listsOf(kind).flatMap((list) => [...list.querySelectorAll(item)]);
const titleOf = (part) => part.querySelector(".sum-title").textContent.trim();
const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "[]");

const controlsIn = () => partsOf("control").map(([part, list]) => (
  { part, title: titleOf(part), href: `#${part.id}`, note: part.querySelector(".sum-facts").textContent, facets: { framework: [list.dataset.framework] } }
));

// The frameworks of each check, from what its controls list.
const frameworksIn = (controls) => {
  const frameworks = new Map();
  for (const { part, facets } of controls) {
    const checks = new Set([...markupOf(part).matchAll(/<th scope="row"><a href="#(k-[^"]+)"/g)].map((found) => found[1]));
    for (const id of checks) frameworks.set(id, [...(frameworks.get(id) || []), ...facets.framework]);
  }
  return frameworks;
};

const agentsIn = () => [
  ...partsOf("agent").map(([part]) => ({
    part, title: titleOf(part), href: `#${part.id}`, note: part.querySelector(".sum-facts").textContent, facets: { ...part.dataset },
  })),
  ...json("agents-beside").flatMap(([page, agents]) => agents.map(([title, anchor, tier, told, unit, level]) => ({
    title, href: `findings/${page}#${anchor}`, note: `_(tier) ${tier}${told && ` · _(level) ${told}`}`, facets: { tier, unit, level },
  }))),
];

// What all results are told by: the agent of each, those that are new, the decisions that each belongs to.
const backgroundOf = (agents) => {
  const agentOf = new Map();
  for (const agent of agents) {
    agentOf.set(agent.title, agent);
    if (agent.part) for (const [, id] of markupOf(agent.part).matchAll(/href="#v-([^"]+)"/g)) agentOf.set(id, agent);
  }
  const decided = new Map();
  for (const [decision, ids] of json("decided-results")) for (const id of ids) decided.set(id, [...(decided.get(id) || []), decision]);
  const dated = new Map();
  for (const [age, back, ids] of json("dated-results")) for (const id of ids) dated.set(id, { age, back });
  return { agentOf, decided, dated, fresh: new Set(json("new-results")) };
};

// A result, of the text of its row. Of thousands few are shown, so each part is read when it is first asked for.
class Result {
  constructor(check, told, background) {
    [this.id, , this.severity, , this.status] = told.split('"', 5);
    this.inner = told.slice(told.indexOf('">') + 2, told.indexOf("</tr>"));
    this.check = check;
    this.background = background;
  }
  get cells() { return (this.split ??= this.inner.split(/<\/t[hd]>/).map((cell) => cell.replace(/^\s*<t[hd][^>]*>/, ""))); }
  get named() { return this.inner.split("</th>", 1)[0].split('<span class="tier">'); }
  get subject() { return plain(this.named[0]); }
  get record() { return plain(this.cells[2]); }
  get agent() { return this.background.agentOf.get(this.id) || this.background.agentOf.get(this.subject); }
  get facets() {
    const { agent, background, check, id, severity, status } = this;
    return (this.all ??= {
      ...check.facets, severity, status, owner: plain(this.cells[3]), unit: agent?.facets.unit, level: agent?.facets.level, decision: background.decided.get(id),
      tier: plain(this.named[1] || "").replace(/^\D+/, ""), new: background.fresh.has(id) ? "_(since the last run)" : "",
      ...background.dated.get(id),
    });
  }
  get searched() { return `${this.check.title} ${this.check.facets.theme} ${bare(this.inner)} ${this.agent?.facets.unit || ""}`; }
}

// Makes all that can be found, the agents first; it pauses often, so that who asks may do it in slices.
function* gathering() {
  const agents = agentsIn();
  const found = { groups: [], results: [] };
  const add = (kind, items) => found.groups.push([document.querySelector(`[data-entries=${kind}]`)?.dataset.name, items]);
  add("agent", agents);
  agents.forEach(textOf);
  yield found;
  const controls = controlsIn();
  add("control", controls);
  yield found;
  let frameworks;
  const checks = partsOf("check").map(([part]) => ({
    part, title: titleOf(part), href: `#${part.id}`, note: part.querySelector(".sum-facts").textContent,
    facets: { severity: part.dataset.severity, theme: part.dataset.theme, get framework() { return [...new Set((frameworks ??= frameworksIn(controls)).get(part.id))]; } },
  }));
  add("check", checks);
  add("file", rowsOf("file", "tbody tr[id]").map((row) => ({
    part: row, title: row.cells[0].textContent, href: `#${row.id}`, note: row.cells[1].textContent, facets: {},
  })));
  yield found;
  const background = backgroundOf(agents);
  for (const check of checks) {
    yield found;
    const results = markupOf(check.part).split('<tr id="v-').slice(1).map((told) => new Result(check, told, background));
    for (const result of results) {
      textOf(result);
      const decision = background.decided.get(result.id);
      if (decision && result.agent) result.agent.facets.decision = [...new Set([...(result.agent.facets.decision || []), ...decision])];
    }
    found.results.push(...results);
  }
  return found;
}

const textOf = (item) => (item.text ??= (
  item.searched ?? `${item.title} ${item.note} ${item.facets.owner || ""} ${item.facets.unit || ""}`
).toLowerCase());
const fitting = (items, words, chosen) => items.filter((item) => (
  chosen.every(([facet, v]) => (Array.isArray(item.facets[facet]) ? item.facets[facet].includes(v) : item.facets[facet] === v)) &&
  words.every((word) => textOf(item).includes(word))
));

// What was found: names in short lists, and one table of results.
const foundIn = (main) => {
  const place = make("section", { class: "found", id: "found", "aria-label": "_(Search results)", tabindex: "-1", hidden: "" });
  let results = [];
  let sorted = COLUMNS[2][1]; // what fails and weighs most comes first
  let down = false;
  const names = (name, items) => {
    const part = make("section", { class: "found-names", "aria-label": name });
    const list = make("ul", { class: "names" });
    const show = (some) => list.replaceChildren(...some.map((item) => {
      const line = make("li", {});
      const link = make("a", { href: item.href });
      link.append(make("bdi", {}, item.title));
      line.append(link, " ", make("span", { class: "quiet small" }, item.note));
      return line;
    }));
    show(items.slice(0, NAMES));
    part.append(make("h2", {}, `${name} (${written(items.length)})`), list);
    if (items.length > NAMES) {
      const more = make("button", { type: "button", class: "more" }, `_(Show all) (${written(items.length)})`);
      more.addEventListener("click", () => {
        show(items);
        more.remove();
      });
      part.append(more);
    }
    return part;
  };
  const rowOf = ({ id, check, cells }) => (
    `<tr><th scope="row"><a href="#v-${id}">${check.markup ??= check.part.querySelector(".sum-title").innerHTML}</a> ${check.sev ??= check.part.querySelector(".sev").outerHTML}</th>` +
    `<td>${cells[0]}</td><td>${cells[1]}</td><td>${cells[2]}</td><td>${cells[3]}</td></tr>`
  );
  const table = () => {
    const part = make("section", { "aria-label": "_(Results)" });
    const made = make("table", { class: "subjects all narrow" });
    const head = make("tr", {});
    const body = make("tbody", {});
    const more = make("button", { type: "button", class: "more" });
    let shown = 0;
    const show = (n) => {
      const rows = make("template", {});
      rows.innerHTML = results.slice(shown, shown + n).map(rowOf).join("");
      body.append(rows.content);
      shown = Math.min(shown + n, results.length);
      more.hidden = shown === results.length;
      more.textContent = `_(Show more) (${written(results.length - shown)})`;
    };
    const order = () => {
      const keys = new Map(results.map((result) => [result, sorted(result) ?? ""]));
      results.sort((a, b) => (down ? -1 : 1) * (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0));
      body.replaceChildren();
      shown = 0;
      show(FIRST);
    };
    for (const [name, key] of COLUMNS) {
      const cell = make("th", { scope: "col", ...(sorted === key ? { "aria-sort": down ? "descending" : "ascending" } : {}) });
      const button = make("button", { type: "button", class: "sort" }, name);
      button.addEventListener("click", () => {
        down = sorted === key && !down;
        sorted = key;
        for (const other of head.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        order();
      });
      cell.append(button);
      head.append(cell);
    }
    const top = make("thead", {});
    top.append(head);
    made.append(top, body);
    more.addEventListener("click", () => show(4 * FIRST));
    order();
    const scroll = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "_(Results)" });
    scroll.append(made);
    part.append(make("h2", {}, `_(Results) (${written(results.length)})`), scroll, more);
    return part;
  };
  let before = 0;
  const add = (groups) => place.append(...groups.filter(([, items]) => items.length).map(([name, items]) => names(name, items)));
  // What is found first is shown before the rest is searched, and stays as it is.
  const begin = (groups) => {
    if (place.hidden) before = scrollY;
    results = [];
    place.replaceChildren(make("h1", { class: "sr" }, "_(Search results)"));
    add(groups);
    place.setAttribute("aria-busy", "true");
    place.hidden = false;
    main.classList.add("searching");
    scrollTo(0, 0);
  };
  const finish = (groups, fits, note) => {
    results = fits;
    add(groups);
    const none = place.childElementCount === 1;
    if (note) place.append(note);
    if (results.length) place.append(table());
    else if (none) place.append(make("p", {}, note ? "_(No match in this list.)" : "_(No match.)"));
    place.removeAttribute("aria-busy");
  };
  const hide = () => {
    if (place.hidden) return;
    place.hidden = true;
    place.removeAttribute("aria-busy");
    main.classList.remove("searching");
    place.replaceChildren();
    scrollTo(0, before);
  };
  return { place, begin, finish, hide, shown: () => (place.hidden ? [] : results) };
};

// One result with all that belongs to it, over whatever is in sight.
const drawerOf = (all, shown) => {
  const drawer = make("dialog", { class: "drawer", "aria-labelledby": "drawer-title" });
  const closing = make("button", { type: "button", class: "close" }, "_(Close)");
  const body = make("div", {});
  const steps = make("p", { class: "steps" });
  drawer.append(closing, body, steps);
  let pushed = false;
  let current;
  const line = (name, markup) => (markup ? `<dt>${name}</dt><dd>${markup}</dd>` : "");
  const fill = (result) => {
    const { check, cells, facets, agent } = result;
    const told = markupOf(check.part);
    const paragraph = (name) => told.match(new RegExp(`<p class="${name}">([\\s\\S]*?)</p>`))?.[1] || "";
    const title = check.part.querySelector(".sum-title").innerHTML;
    const link = make("a", { href: agent?.href || "" }, agent?.title);
    body.innerHTML = `<h2 id="drawer-title"><a href="${check.href}">${title}</a></h2><p>${check.part.querySelector(".sev").outerHTML}` +
      `${facets.new ? ' <span class="sev">_(new since the last run)</span>' : ""}</p><dl class="lines">` +
      line("_(Subject)", cells[0]) + line("_(Result and reason)", cells[1]) + line("_(Record)", cells[2]) + line("_(Owner)", cells[3]) +
      line("_(Open for)", facets.age && `${facets.age}${facets.back ? ` · ${facets.back}` : ""}`) + line("_(Agent)", agent && link.outerHTML) + line("_(Why it matters, and what to do)", paragraph("why")) + line("_(Controls)", paragraph("small quiet counts-for")) + "</dl>";
    const list = shown();
    const at = list.indexOf(result);
    steps.replaceChildren(...[[-1, "_(Previous)"], [1, "_(Next)"]].map(([by, name]) => {
      const button = make("button", { type: "button" }, name);
      button.disabled = at < 0 || !list[at + by];
      button.addEventListener("click", () => {
        history.replaceState(null, "", `#v-${list[at + by].id}`);
        fill(list[at + by]);
      });
      return button;
    }));
    current = result;
  };
  const open = (id) => {
    const result = all().find((other) => other.id === id);
    if (!result) return false;
    if (result !== current || !drawer.open) fill(result);
    if (!drawer.open) drawer.showModal();
    return true;
  };
  const leave = () => {
    drawer.close();
    if (pushed) history.back();
    else history.replaceState(null, "", location.pathname + location.search);
    pushed = false;
  };
  closing.addEventListener("click", leave);
  drawer.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer) leave();
    else if (event.target.closest("a")) {
      pushed = false;
      drawer.close();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#v-']");
    if (!link || event.ctrlKey || event.metaKey || !open(decodeURIComponent(link.hash.slice(3)))) return;
    event.preventDefault();
    pushed = true;
    history.pushState(null, "", link.hash);
  });
  const opened = () => {
    if (location.hash.startsWith("#v-")) return open(decodeURIComponent(location.hash.slice(3)));
    pushed = false;
    if (drawer.open) drawer.close();
    return false;
  };
  return { drawer, opened };
};

const pageSearch = () => {
  rowsOf("file", "tbody tr:not(.sum)").forEach((row, n) => (row.id ||= `file-${n + 1}`));
  const main = document.querySelector("main");
  const list = document.querySelector("[data-entries=check]");
  if (!main || !list) return null;
  let steps, made, known, working;
  const step = () => {
    steps ||= gathering();
    const { done, value } = steps.next();
    made = value;
    if (done) known = value;
  };
  const all = () => {
    while (!known) step();
    return known;
  };
  const agents = () => {
    if (!made) step();
    return made.groups[0];
  };
  const pause = () => new Promise((done) => setTimeout(done));
  // In slices, between which the page is painted and keys are heard.
  const gather = () => (working ||= (async () => {
    await new Promise(requestAnimationFrame);
    while (!known) {
      await pause();
      const until = performance.now() + SLICE;
      while (!known && performance.now() < until) step();
    }
  })());
  const found = foundIn(main);
  const { drawer, opened } = drawerOf(() => all().results, found.shown);
  let last = ["", ""];
  const show = (words, chosen) => {
    const asked = words.length + chosen.length > 0;
    const key = asked || location.hash === "#results" ? JSON.stringify([words, chosen]) : "";
    if (key === last[0]) return last[1];
    last = [key, ""];
    if (key) last[1] = render(words, chosen, asked, last);
    if (!key) found.hide();
    return last[1];
  };
  const render = async (words, chosen, asked, turn) => {
    if (chosen.length) all(); // an agent has all that it can be chosen by only when all results are read
    const some = ([name, items]) => [name, asked ? fitting(items, words, chosen) : []];
    found.begin([some(agents())]);
    if (!known) await gather();
    if (turn !== last) return undefined; // meanwhile the reader asked for something else
    const { groups, results } = known;
    const fits = fitting(results, words, chosen);
    let note = null;
    if (list.dataset.beside) {
      note = make("p", { class: "quiet" }, `${list.dataset.note} `);
      const asWords = chosen.filter(([facet]) => facet === "owner" || facet === "status").map(([, choice]) => choice);
      note.append(make("a", { href: `${list.dataset.beside}#q=${encodeURIComponent([...words, ...asWords].join(" "))}` }, list.dataset.beside));
    }
    found.finish(groups.slice(1).map(some), fits, note);
    const told = list.dataset.beside ? "_(results listed here)" : "_(results)";
    return `${written(fits.length)} _(of) ${written(results.length)} ${told}`;
  };
  const valuesOf = (facet) => () => [...all().results, ...all().groups.flatMap(([, items]) => items)].flatMap((item) => item.facets[facet] || []);
  const facets = [
    ["severity", "_(severity)"], ["status", "_(status)"], ["theme", "_(theme)"], ["framework", "_(framework)"],
    ["owner", "_(owner)"], ["unit", "_(unit)"], ["tier", "_(tier)"], ["level", "_(level)"], ["new", "_(new)"], ["age", "_(open for)"], ["back", "_(reopened)"], ["decision", "_(decision)"],
  ].map(([facet, name]) => [facet, name, valuesOf(facet)]);
  const { bar, search, set } = searchBar("_(Search the whole report)", facets, show);
  search.addEventListener("focus", gather, { once: true }); // made ready while the reader begins to type
  bar.querySelector("output").after(make("a", { href: "#results", class: "all" }, "_(All results)"));
  // With a script, what leads to a chapter chooses among all results.
  const empty = new Set(json("decided-results").filter(([, ids]) => !ids.length).map(([decision]) => `decision=${decision}`)); // of a long report
  for (const link of document.querySelectorAll("a[data-choices]")) if (!empty.has(link.dataset.choices)) link.setAttribute("href", `#${link.dataset.choices}`);
  main.prepend(bar, found.place);
  document.body.append(drawer);
  return { opened, set, focus: () => found.place.focus({ preventScroll: true }) };
};

begin();
