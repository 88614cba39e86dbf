"""Rules of alerts over HTTP, for operators who may manage them; and what has fired."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import alert_trial, audit, permissions, replies
from realtime.alert_checks import MAILS, RULES, BadRule, check
from realtime.alert_telling import PEOPLE
from realtime.bodies import body_of
from realtime.described import Shape, as_json
from realtime.errors import Refused
from realtime.events import timestamp
from realtime.marking import key_of
from realtime.models import Alert, AlertDelivery, AlertRule
from realtime.models.alerts import WEEK
from realtime.problems import NOT_ALLOWED, NotFound, Problem, answers, bad_request, check_sees_all
from realtime.queries import query_of, searched
from realtime.shapes import FLAG, choice, one, several, text, whole

PAGE = 30
NOT_MANAGED = gettext_noop("Alerts are for operators who may manage them: ask for that right.")
NO_RULE = gettext_noop("There is no such alert rule: it may have been deleted.")
TOO_MANY = gettext_noop("There are as many alert rules as there may be: delete one first.")
SAID: dict[str, Shape] = {
    "name": text(100, least=1),
    "kind": choice(*AlertRule.Kind.values),
    "pattern": text(255, least=1),
    "count": whole(1, 10_000),
    "minutes": whole(0, WEEK),
    "mails": several(text(254), MAILS),
    "url": text(2_000),
    "secret": text(200),
    "inbox": choice(*AlertRule.Inbox.values),
    "people": several(text(254), PEOPLE),
    "quiet": whole(1, WEEK),
    "enabled": FLAG,
    "language": text(10),
}
NEW: Shape = one("name", "kind", **SAID)
CHANGE: Shape = one(**SAID)
QUERY = {"cursor": text(), "rule": whole(1, 2**53 - 1)}
RULE = {200: as_json(replies.named("AlertRule"))}


@answers("GET", query=QUERY, says={200: as_json(replies.ALERTS)})
def alerts(request: HttpRequest) -> HttpResponse:
    """Answer a page of what has fired, newest first, with what became of telling it."""
    _check_managed(request)
    asked, wanted = query_of(request), Q()
    if "rule" in asked:
        wanted &= Q(rule=asked["rule"])
    if cursor := asked.get("cursor"):
        before = key_of(cursor)
        if before is None:
            raise bad_request("cursor", "a page's `next`", cursor)
        wanted &= Q(pk__lt=before)
    found = list(Alert.objects.filter(wanted).prefetch_related("deliveries")[: PAGE + 1])
    following = str(found[PAGE - 1].pk) if len(found) > PAGE else None
    return JsonResponse({"alerts": [_alert(one) for one in found[:PAGE]], "next": following})


@answers("GET", says={200: as_json(replies.RULES)})
def rules(request: HttpRequest) -> HttpResponse:
    """Answer all rules, with their state, and in which languages they may tell."""
    _check_managed(request)
    found = AlertRule.objects.prefetch_related("people")
    fires = dict(_open().values_list("rule", "since"))
    told = [_rule(one, fires.get(one.pk)) for one in found]
    languages = [{"code": code, "name": _(name)} for code, name in settings.LANGUAGES]
    return JsonResponse({"rules": told, "languages": languages})


@answers("POST", body=NEW, says={201: as_json(replies.named("AlertRule"))}, refuses=(409,))
def create_rule(request: HttpRequest) -> HttpResponse:
    """Make a rule; what is not said is as usual."""
    said = body_of(request)
    with audit.noted(request, "create_alert_rule", target=said["name"], kind=said["kind"]):
        _check_managed(request)
        if AlertRule.objects.count() >= RULES:
            raise Refused(TOO_MANY)
        rule = _kept(AlertRule(), said)
    return JsonResponse(_rule(rule, None), status=201)


@answers("PATCH", body=CHANGE, says=RULE)
def change_rule(request: HttpRequest, rule: int) -> HttpResponse:
    """Change what is said of a rule, and leave the rest; its secret is told nobody."""
    said = body_of(request)
    found = _found(request, rule)
    with audit.noted(request, "change_alert_rule", target=found.name, changed=sorted(said)):
        _check_managed(request)
        found = _kept(found, said)
    since = _open().filter(rule=found).values_list("since", flat=True).first()
    return JsonResponse(_rule(found, since))


@answers("DELETE", says=RULE)
def delete_rule(request: HttpRequest, rule: int) -> HttpResponse:
    """Delete a rule; what it has fired is kept, and what it was telling is told no more."""
    found = _found(request, rule)
    with audit.noted(request, "delete_alert_rule", target=found.name):
        _check_managed(request)
        told = _rule(found, None)
        found.delete()
    return JsonResponse(told)


@answers("POST", says={200: as_json(replies.TRIED)})
def try_rule(request: HttpRequest, rule: int) -> HttpResponse:
    """Send a test by every way of a rule now, and answer what became of each."""
    found = _found(request, rule)
    with audit.noted(request, "try_alert_rule", target=found.name):
        _check_managed(request)
        tried = alert_trial.try_out(found)
    return JsonResponse({"deliveries": [_delivery(one) for one in tried]})


def _check_managed(request: HttpRequest) -> None:
    check_sees_all(request)
    if not permissions.may_manage_alerts(request.user):
        raise Problem(403, NOT_ALLOWED, NOT_MANAGED)


def _found(request: HttpRequest, rule: int) -> AlertRule:
    """Return a rule to who may manage it; to others there is none, and nothing to note."""
    _check_managed(request)
    found = AlertRule.objects.filter(pk=rule).first()
    if found is None:
        raise NotFound(NO_RULE)
    return found


def _kept(rule: AlertRule, said: dict[str, Any]) -> AlertRule:
    """Change a rule as it is said, and keep it; another webhook needs its secret anew."""
    values = {key: searched(value) if type(value) is str else value for key, value in said.items()}
    names: Any = values.pop("people", None)
    if "url" in values and values["url"] != rule.url and "secret" not in values:
        rule.secret = ""
    for key, value in values.items():
        setattr(rule, key, value)
    if not rule.url:
        rule.secret = ""
    people = list(rule.people.all()) if rule.pk else []
    if names is not None:
        people = _people(names)
    try:
        check(rule, people)
        with transaction.atomic():
            rule.save()
            rule.people.set(people)
    except BadRule as error:
        raise bad_request(error.field, error.wanted, str(error.got)) from error
    except IntegrityError as error:  # Somebody was faster with the name.
        raise bad_request("name", "one that no other rule has", rule.name) from error
    return rule


def _people(names: list[str]) -> list[Any]:
    accounts = get_user_model()
    wanted = {searched(name) for name in names}
    found = accounts.objects.filter(Q((f"{accounts.USERNAME_FIELD}__in", wanted)), is_active=True)
    people = {one.get_username(): one for one in found}
    for name in names:
        if name not in people or not permissions.is_operator(people[name]):
            wanted_people = "names of accounts that may see the jobs of everybody"
            raise bad_request("people", wanted_people, name)
    return list(people.values())


def _open() -> Any:
    return Alert.objects.filter(over_at=None, test=False).order_by()


def _rule(rule: AlertRule, since: Any) -> dict[str, Any]:
    """Return a rule as it is shown; of its secret only whether there is one."""
    state = "firing" if since else "quiet"
    kept = ("name", "kind", "pattern", "count", "minutes", "mails", "url", "inbox", "quiet")
    return {
        "id": rule.pk,
        **{field: getattr(rule, field) for field in (*kept, "enabled", "language")},
        "has_secret": bool(rule.secret),
        "people": [one.get_username() for one in rule.people.all()],
        "state": state if rule.enabled else "off",
        "since": timestamp(since) if since and rule.enabled else None,
        "told_at": timestamp(rule.told_at) if rule.told_at else None,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    kept = ("name", "kind", "count", "subjects", "test")
    return {
        "id": str(alert.pk),
        "rule": alert.rule_id,
        **{field: getattr(alert, field) for field in kept},
        "since": timestamp(alert.since),
        "over_at": timestamp(alert.over_at) if alert.over_at else None,
        "told_at": timestamp(alert.told_at) if alert.told_at else None,
        "deliveries": [_delivery(one) for one in alert.deliveries.all()],
    }


def _delivery(one: AlertDelivery) -> dict[str, Any]:
    kept = ("way", "to", "event", "outcome", "tries")
    return {
        **{field: getattr(one, field) for field in kept},
        "reason": _(one.reason) if one.reason else None,
        "at": timestamp(one.done_at or one.due_at),
    }
