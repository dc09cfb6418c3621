// The search of the report: controls, checks, agents, files and every result, from the texts of what is folded away. What
// fits stands in place of the chapters; a result opens in a drawer.
const FIRST = 50;
const NAMES = 12;
const COLUMNS = [
  ["_(Check)", (r) => r.check.title],
  ["_(Subject)", (r) => r.subject],
  ["_(Result and reason)", (r) => -(ranks.indexOf(r.facets.status) * 100 + ranks.indexOf(r.facets.severity))],
  ["_(Record)", (r) => r.record],
  ["_(Owner)", (r) => r.facets.owner],
];

const partsOf = (kind, item) => [...document.querySelectorAll(`[data-entries=${kind}]`)].flatMap((list) => {
  return [...list.querySelectorAll(item)].map((part) => [part, list]);
});
const titleOf = (part) => part.querySelector(".sum-title").textContent.trim();
const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "[]");

// Where each control stands, and the checks that it lists.
const controlsIn = () => partsOf("control", ":scope > details.block").map(([part, list]) => {
  const checks = [...new Set([...markupOf(part).matchAll(/<th scope="row"><a href="#(k-[^"]+)"/g)].map((found) => found[1]))];
  return { part, checks, title: titleOf(part), href: `#${part.id}`, note: part.querySelector(".sum-facts").textContent, facets: { framework: [list.dataset.framework] } };
});

const agentsIn = () => [
  ...partsOf("agent", ":scope > details.block").map(([part]) => ({
    part, title: titleOf(part), href: `#${part.id}`, note: part.querySelector(".sum-facts").textContent, facets: { ...part.dataset },
  })),
  ...json("agents-beside").flatMap(([page, agents]) => agents.map(([title, anchor, tier, told, unit, level]) => ({
    title, href: `findings/${page}#${anchor}`, note: `_(tier) ${tier}${told && ` · _(level) ${told}`}`, facets: { tier, unit, level },
  }))),
];

const resultsOf = (check, agentOf, fresh, decided, dated) => {
  const rows = markupOf(check.part).matchAll(/<tr id="v-([^"]*)" data-severity="([^"]*)" data-status="([^"]*)">([\s\S]*?)<\/tr>/g);
  return [...rows].map(([, id, severity, status, inner]) => {
    const cells = inner.split(/<\/t[hd]>/).map((cell) => cell.replace(/^\s*<t[hd][^>]*>/, ""));
    const [named, tier = ""] = cells[0].split('<span class="tier">');
    const subject = plain(named);
    const agent = agentOf.get(id) || agentOf.get(subject);
    const decision = decided.get(id);
    const [age, back] = dated.get(id) || [];
    if (agent && decision) agent.facets.decision = [...new Set([...(agent.facets.decision || []), ...decision])];
    return {
      id, check, cells, subject, agent, record: plain(cells[2]),
      facets: {
        ...check.facets, severity: decoded(severity), status: decoded(status), owner: plain(cells[3]), unit: agent?.facets.unit, level: agent?.facets.level, decision,
        tier: plain(tier).replace(/^\D+/, ""), new: fresh.has(id) ? "_(since the last run)" : "", age, back,
      },
    };
  });
};

// All that can be found, made when it is first asked for.
const gathered = () => {
  const controls = controlsIn();
  const agents = agentsIn();
  const agentOf = new Map();
  for (const agent of agents) {
    agentOf.set(agent.title, agent);
    if (agent.part) for (const [, id] of markupOf(agent.part).matchAll(/href="#v-([^"]+)"/g)) agentOf.set(id, agent);
  }
  const frameworks = new Map();
  for (const { checks, facets } of controls) for (const id of checks) frameworks.set(id, [...(frameworks.get(id) || []), ...facets.framework]);
  const checks = partsOf("check", ":scope > details.block").map(([part]) => ({
    part, title: titleOf(part), href: `#${part.id}`, note: part.querySelector(".sum-facts").textContent,
    facets: { severity: part.dataset.severity, theme: part.dataset.theme, framework: [...new Set(frameworks.get(part.id))] },
  }));
  const files = partsOf("file", "tbody tr[id]").map(([row]) => ({
    part: row, title: row.cells[0].textContent, href: `#${row.id}`, note: row.cells[1].textContent, facets: {},
  }));
  const fresh = new Set(json("new-results"));
  const decided = new Map();
  for (const [decision, ids] of json("decided-results")) for (const id of ids) decided.set(id, [...(decided.get(id) || []), decision]);
  const dated = new Map();
  for (const [age, back, ids] of json("dated-results")) for (const id of ids) dated.set(id, [age, back]);
  const results = checks.flatMap((check) => resultsOf(check, agentOf, fresh, decided, dated));
  const groups = [["agent", agents], ["control", controls], ["check", checks], ["file", files]];
  return { groups: groups.map(([kind, items]) => [document.querySelector(`[data-entries=${kind}]`)?.dataset.name, items]), results };
};

const textOf = (item) => (item.text ??= (
  item.cells ? `${item.check.title} ${item.facets.theme} ${item.cells.map(plain).join(" ")} ${item.facets.unit || ""}`
    : `${item.title} ${item.note} ${item.facets.owner || ""} ${item.facets.unit || ""}`
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
  const show = (groups, fits, note) => {
    if (place.hidden) before = scrollY;
    results = fits;
    place.replaceChildren(...groups.filter(([, items]) => items.length).map(([name, items]) => names(name, items)));
    place.prepend(make("h1", { class: "sr" }, "_(Search results)"));
    if (note) place.append(note);
    if (results.length) place.append(table());
    else if (!groups.some(([, items]) => items.length)) place.append(make("p", {}, note ? "_(No match in this list.)" : "_(No match.)"));
    place.hidden = false;
    main.classList.add("searching");
    scrollTo(0, 0);
  };
  const hide = () => {
    if (place.hidden) return;
    place.hidden = true;
    main.classList.remove("searching");
    place.replaceChildren();
    scrollTo(0, before);
  };
  return { place, show, hide, shown: () => (place.hidden ? [] : results) };
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
  partsOf("file", "tbody tr:not(.sum)").forEach(([row], n) => (row.id ||= `file-${n + 1}`));
  const main = document.querySelector("main");
  const list = document.querySelector("[data-entries=check]");
  if (!main || !list) return null;
  let known;
  const all = () => (known ||= gathered());
  const found = foundIn(main);
  const { drawer, opened } = drawerOf(() => all().results, found.shown);
  let last = ["", ""];
  const show = (words, chosen) => {
    const asked = words.length + chosen.length > 0;
    const key = asked || location.hash === "#results" ? JSON.stringify([words, chosen]) : "";
    if (key === last[0]) return last[1];
    last = [key, key && render(words, chosen, asked)];
    if (!key) found.hide();
    return last[1];
  };
  const render = (words, chosen, asked) => {
    const { groups, results } = all();
    const some = !asked ? [] : groups.map(([name, items]) => [name, fitting(items, words, chosen)]);
    const fits = fitting(results, words, chosen);
    let note = null;
    if (list.dataset.beside) {
      note = make("p", { class: "quiet" }, `${list.dataset.note} `);
      const asWords = chosen.filter(([facet]) => facet === "owner" || facet === "status").map(([, choice]) => choice);
      note.append(make("a", { href: `${list.dataset.beside}#q=${encodeURIComponent([...words, ...asWords].join(" "))}` }, list.dataset.beside));
    }
    found.show(some, fits, note);
    const told = list.dataset.beside ? "_(results listed here)" : "_(results)";
    return `${written(fits.length)} _(of) ${written(results.length)} ${told}`;
  };
  const valuesOf = (facet) => () => [...all().results, ...all().groups.flatMap(([, items]) => items)].flatMap((item) => item.facets[facet] || []);
  const facets = [
    ["severity", "_(severity)"], ["status", "_(status)"], ["theme", "_(theme)"], ["framework", "_(framework)"],
    ["owner", "_(owner)"], ["unit", "_(unit)"], ["tier", "_(tier)"], ["level", "_(level)"], ["new", "_(new)"], ["age", "_(open for)"], ["back", "_(reopened)"], ["decision", "_(decision)"],
  ].map(([facet, name]) => [facet, name, valuesOf(facet)]);
  const { bar, search, set } = searchBar("_(Search the whole report)", facets, show);
  // Made ready while the reader begins to type.
  search.addEventListener("focus", () => setTimeout(() => fitting([...all().results, ...all().groups.flatMap(([, items]) => items)], ["\0"], [])), { once: true });
  bar.querySelector("output").after(make("a", { href: "#results", class: "all" }, "_(All results)"));
  // With a script, what leads to a chapter chooses among all results.
  const empty = new Set(json("decided-results").filter(([, ids]) => !ids.length).map(([decision]) => `decision=${decision}`)); // of a long report
  for (const link of document.querySelectorAll("a[data-choices]")) if (!empty.has(link.dataset.choices)) link.setAttribute("href", `#${link.dataset.choices}`);
  main.prepend(bar, found.place);
  document.body.append(drawer);
  return { opened, set, focus: () => found.place.focus({ preventScroll: true }) };
};

begin();
