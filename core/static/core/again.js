/** Goes to the page of a job that was run again, as after every other start. */

const { jobPage } = document.querySelector("[data-job-page]").dataset;
const ANY = "00000000-0000-0000-0000-000000000000";

document.addEventListener("job-again", (event) => {
  event.preventDefault();
  location.assign(jobPage.replace(ANY, event.detail.state.id));
});
