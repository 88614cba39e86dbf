/** The dashboard's page of alerts, which is fetched by who opens it. */

export { AlertsPage } from "./elements/dashboard/alerts-page";
