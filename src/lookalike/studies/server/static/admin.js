// Polls the server's status and writes it into the page as text (never as HTML).
const EVERY_MS = 5000;
const updated = document.getElementById("updated");

const post = (path, body) =>
  fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Lookalike": "1" },
    body: JSON.stringify(body),
  });

const minutes = (value) => {
  if (value === null || value === undefined) return "–";
  if (value < 90) return `${value.toFixed(1)} min`;
  return value < 2880 ? `${(value / 60).toFixed(1)} h` : `${(value / 1440).toFixed(1)} days`;
};

const at = (status, path) => path.split(".").reduce((value, key) => value?.[key], status);

function derived(status) {
  const share = status.answers_wanted ? 1 - status.answers_missing / status.answers_wanted : 1;
  return {
    share,
    progress: `${(100 * share).toFixed(1)} %`,
    minutes_left: status.answers_missing ? minutes(status.minutes_left) : "complete",
    median_minutes: minutes(status.median_minutes),
    spread: `${status.items.fewest} to ${status.items.most}`,
    catch_failed: `${status.catch.failures} of ${status.catch.answers}`,
    "events.conflict": status.events.conflict ?? 0,
    "events.overfull": status.events.overfull ?? 0,
  };
}

function show(section, status) {
  const made = derived(status);
  for (const place of section.querySelectorAll("[data-value]")) {
    const name = place.dataset.value;
    place.textContent = String(made[name] ?? at(status, name) ?? "–");
  }
  section.querySelector("[data-bar]").value = made.share;
  const rows = status.dropout.map(({ percent, people }) => {
    const row = document.createElement("tr");
    const part = percent === 100 ? "all, but not finished" : `${percent} to ${percent + 10} %`;
    for (const text of [part, people]) row.appendChild(document.createElement("td")).textContent = String(text);
    return row;
  });
  section.querySelector("[data-dropout]").replaceChildren(...rows);
}

async function poll() {
  try {
    const response = await fetch("/admin/api/status");
    if (response.status === 401) {
      location.replace("/admin/login");
      return;
    }
    if (!response.ok) throw new Error(String(response.status));
    for (const status of (await response.json()).studies) {
      const section = document.querySelector(`[data-study="${CSS.escape(status.study)}"]`);
      if (section) show(section, status);
    }
    updated.textContent = `updated ${new Date().toLocaleTimeString()}`;
  } catch {
    updated.textContent = "the server does not answer; figures may be old";
  }
  setTimeout(poll, EVERY_MS);
}

document.getElementById("logout").addEventListener("click", async () => {
  await post("/admin/logout", {});
  location.replace("/admin/login");
});

for (const form of document.querySelectorAll("form.withdraw")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const session = form.elements.session.value;
    const said = form.querySelector("[data-said]");
    if (!confirm(`Delete all answers of session ${session}? This cannot be undone.`)) return;
    const study = form.closest("[data-study]").dataset.study;
    const response = await post("/admin/api/withdraw", { study, session });
    const reply = await response.json();
    said.textContent = response.ok ? `${reply.deleted} answers deleted` : reply.error;
  });
}

poll();
