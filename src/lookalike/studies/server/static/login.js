// The token goes to the server in a POST with the header that no other site can send.
const form = document.getElementById("login");
const said = document.getElementById("said");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  try {
    const response = await fetch("/admin/login", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Lookalike": "1" },
      body: JSON.stringify({ token: form.elements.token.value.trim() }),
    });
    if (response.ok) {
      location.replace("/admin");
      return;
    }
    said.textContent = (await response.json()).error;
  } catch {
    said.textContent = "the server does not answer";
  }
});
