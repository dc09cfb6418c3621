// What an edition has and a page of one list has not: headings with addresses, contents that follow the reader.
// A heading has an address of its own that can be copied. One without an id gets it from its chapter and its words.
const MOST_HEADINGS = 400;
const anchored = () => {
  const headings = [...document.querySelectorAll("main :is(h2, h3):not(.sr, section.block > *)")].slice(0, MOST_HEADINGS);
  for (const heading of headings) {
    const chapter = heading.closest("section[id]");
    let id = heading.id || (heading.tagName === "H2" && chapter?.id);
    if (!id) {
      const words = heading.textContent.toLowerCase().replace(/[^\p{L}\d]+/gu, "-").replace(/^-|-$/g, "");
      const base = `${chapter?.id || "part"}-${words}`;
      id = base;
      for (let n = 2; document.getElementById(id); n++) id = `${base}-${n}`;
      heading.id = id;
    }
    heading.append(" ", make("a", { class: "anchor", href: `#${id}`, "aria-label": `_(Link to:) ${heading.textContent.trim()}` }, "#"));
  }
};

// The contents say which chapter is in sight.
const followed = () => {
  const links = new Map([...document.querySelectorAll(".side a[href^='#']")].map((link) => [document.getElementById(link.hash.slice(1)), link]));
  const inSight = new Set();
  const observer = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) inSight[isIntersecting ? "add" : "delete"](target);
    const [first] = [...links.keys()].filter((chapter) => inSight.has(chapter));
    if (!first) return;
    for (const [chapter, link] of links) {
      if (chapter === first) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const chapter of links.keys()) if (chapter) observer.observe(chapter);
};

// On a phone the contents would fill the first screen: they stay folded until asked for.
const folded = () => {
  const contents = document.querySelector(".side details");
  if (!contents || !phone.matches) return;
  contents.open = false;
  contents.addEventListener("click", (event) => event.target.closest("a") && (contents.open = false));
};

first.push(folded, anchored);
last.push(followed);
