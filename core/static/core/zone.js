/** Chooses this browser's own time zone, while nobody has chosen another one. */

const zones = document.querySelector('select[name="zone"]');
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (zones.value === "UTC" && [...zones.options].some((zone) => zone.value === here)) {
  zones.value = here;
}
