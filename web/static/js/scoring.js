// The score as it is being given: points summed up, 0 as soon as a fatal item was missed. What counts is summed up by the
// server, by the same rule.

const form = document.querySelector("[data-scoring]");
const total = form.querySelector("[data-total-text]");

function sum() {
  const points = [...form.querySelectorAll("input[type=number]")].map((field) => Number(field.value) || 0);
  const missed = form.querySelector("input[name=missed]:checked") !== null;
  total.textContent = `${total.dataset.totalText} ${missed ? 0 : points.reduce((all, one) => all + one, 0)}`;
  total.classList.toggle("score-bad", missed);
}

form.addEventListener("input", sum);
form.addEventListener("click", (event) => {
  const name = event.target.closest("[data-full]")?.dataset.full;
  if (!name) return;
  const field = document.getElementById(name);
  field.value = field.max;
  sum();
});
sum();
