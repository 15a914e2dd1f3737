"""Every metric of the house, declared once: name, unit, labels, meaning.

Dashboards and alerts are checked against this list. Names are `ombud_<room or service>_<thing>_
<unit>[_total]`. Labels never hold personal data or ids; every label has few values. A service's
process shows the metrics of all services, those of the others at zero: one list, no switches.
What is not here: who counts what (each room does) and the /metrics page (common.web).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, of no use
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PIPELINE = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)
_HUMAN = (30.0, 60.0, 120.0, 300.0, 450.0, 600.0, 900.0, 1800.0, 3600.0, 14400.0, 86400.0)
_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One line of the list; `name` is the one shown on /metrics (counters end in `_total`)."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...]


DECLARED: list[MetricSpec] = []


def _counter(name: str, about: str, *labels: str) -> Counter:
    DECLARED.append(MetricSpec(name, "counter", about, labels))
    return Counter(name, about, labels, registry=REGISTRY)


def _gauge(name: str, about: str, *labels: str) -> Gauge:
    DECLARED.append(MetricSpec(name, "gauge", about, labels))
    return Gauge(name, about, labels, registry=REGISTRY)


def _histogram(name: str, about: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
    DECLARED.append(MetricSpec(name, "histogram", about, labels))
    return Histogram(name, about, labels, registry=REGISTRY, buckets=buckets)


# --- runtime -----------------------------------------------------------------------------------
BUILD_INFO = _gauge("ombud_build_info", "1; which code this process runs", "service", "version")
RUNTIME_EVENT_LOOP_LAG_SECONDS = _gauge(
    "ombud_runtime_event_loop_lag_seconds", "How late a timer of the event loop was, worst of 5 s"
)
RUNTIME_LOOPS_RUNNING = _gauge("ombud_runtime_loops_running", "Loops of this process that run")
RUNTIME_LOOP_CRASHES_TOTAL = _counter(
    "ombud_runtime_loop_crashes_total", "Loops that ended by an error", "loop", "error"
)
RUNTIME_CLOSING_FAILURES_TOTAL = _counter(
    "ombud_runtime_closing_failures_total", "Closing steps that failed or overran", "step"
)

# --- the consumer loop -------------------------------------------------------------------------
LOOP_RECORDS_TOTAL = _counter(
    "ombud_loop_records_total",
    "Records by what became of them: handled, duplicate, skipped, parked, dead",
    "consumer",
    "topic",
    "outcome",
)
LOOP_BATCH_SECONDS = _histogram(
    "ombud_loop_batch_seconds", "One micro-batch, commit included", "consumer", buckets=_FAST
)
LOOP_BATCH_RECORDS = _histogram(
    "ombud_loop_batch_records", "Records in a micro-batch", "consumer", buckets=_COUNTS
)
LOOP_LAG_RECORDS = _gauge(
    "ombud_loop_lag_records", "Records not yet handled", "consumer", "topic", "partition"
)
LOOP_LAG_SECONDS = _gauge(
    "ombud_loop_lag_seconds", "Age of the record handled last", "consumer", "topic"
)
LOOP_RETRIES_TOTAL = _counter(
    "ombud_loop_retries_total", "Batches that are tried again", "consumer", "error"
)
LOOP_SPLITS_TOTAL = _counter(
    "ombud_loop_splits_total", "Batches split to find the guilty record", "consumer"
)
LOOP_STALE_BATCHES_TOTAL = _counter(
    "ombud_loop_stale_batches_total", "Batches dropped: another consumer moved on", "consumer"
)
LOOP_COMMIT_FAILURES_TOTAL = _counter(
    "ombud_loop_commit_failures_total", "Kafka commits that failed", "consumer", "error"
)
LOOP_REBALANCES_TOTAL = _counter("ombud_loop_rebalances_total", "Assignments received", "consumer")
LOOP_ASSIGNED_PARTITIONS = _gauge(
    "ombud_loop_assigned_partitions", "Partitions this process holds", "consumer"
)
LOOP_PAUSED_PARTITIONS = _gauge(
    "ombud_loop_paused_partitions", "Partitions that back off", "consumer"
)
LOOP_STALLS_TOTAL = _counter(
    "ombud_loop_stalls_total", "Times the watchdog saw no progress", "consumer"
)
DEAD_LETTERS_TOTAL = _counter(
    "ombud_dead_letters_written_total", "Records put away as dead", "consumer", "topic", "error"
)
DEAD_LETTERS_OPEN = _gauge(
    "ombud_dead_letters_open_rows", "Dead letters nobody has dealt with", "consumer"
)
PARKED_KEYS = _gauge("ombud_parked_keys", "Keys whose events wait for a person", "consumer")
PARKED_EVENTS_TOTAL = _counter(
    "ombud_parked_events_total", "Events put behind a parked key", "consumer"
)

# --- outbox, producer, timers, database ----------------------------------------------------------
OUTBOX_WRITTEN_TOTAL = _counter("ombud_outbox_written_total", "Rows written", "topic")
OUTBOX_PUBLISHED_TOTAL = _counter("ombud_outbox_published_total", "Rows acknowledged", "topic")
OUTBOX_PUBLISH_SECONDS = _histogram(
    "ombud_outbox_publish_seconds", "One publish of a relay until acknowledged", buckets=_FAST
)
OUTBOX_PUBLISH_ERRORS_TOTAL = _counter(
    "ombud_outbox_publish_errors_total", "Publishes that failed or timed out", "error"
)
OUTBOX_PENDING_ROWS = _gauge("ombud_outbox_pending_rows", "Rows not yet acknowledged")
OUTBOX_OLDEST_AGE_SECONDS = _gauge(
    "ombud_outbox_oldest_age_seconds", "Age of the oldest row of any lane"
)
TIMERS_FIRED_TOTAL = _counter("ombud_timers_fired_total", "Timers fired", "kind")
TIMERS_LATENESS_SECONDS = _histogram(
    "ombud_timers_lateness_seconds", "Fired this long after due", "kind", buckets=_FAST
)
TIMERS_OLDEST_OVERDUE_SECONDS = _gauge(
    "ombud_timers_oldest_overdue_seconds", "How overdue the oldest pending timer is"
)
TIMERS_PENDING_ROWS = _gauge("ombud_timers_pending_rows", "Timers that wait")
TIMERS_FAILING_ROWS = _gauge(
    "ombud_timers_failing_rows", "Pending timers whose handler has failed at least once"
)
TIMERS_POSTPONED_TOTAL = _counter(
    "ombud_timers_postponed_total", "Timers put off because their handler failed", "kind", "error"
)
TIMERS_FAILURES_TOTAL = _counter(
    "ombud_timers_failures_total", "Rounds of the timer loop that failed", "error"
)
DB_TRANSACTIONS_TOTAL = _counter(
    "ombud_db_transactions_total", "Units of work: committed, rolled_back", "outcome"
)
DB_OLDEST_TRANSACTION_SECONDS = _gauge(
    "ombud_db_oldest_transaction_seconds",
    "For how long the oldest open transaction of anybody was seen in the database",
)
DB_TRANSACTION_SECONDS = _histogram(
    "ombud_db_transaction_seconds", "A unit of work from begin to end", buckets=_FAST
)

# --- web -----------------------------------------------------------------------------------------
HTTP_REQUESTS_TOTAL = _counter(
    "ombud_http_requests_total", "Requests by route template", "method", "route", "status"
)
HTTP_REQUEST_SECONDS = _histogram(
    "ombud_http_request_seconds", "Until the last byte", "method", "route", buckets=_FAST
)
HTTP_IN_FLIGHT_REQUESTS = _gauge("ombud_http_in_flight_requests", "Requests being answered")
HTTP_REFUSED_TOTAL = _counter(
    "ombud_http_refused_total", "Refused early: body_too_large, rate_limited, token", "reason"
)
HTTP_TOKENS_REFUSED_TOTAL = _counter(
    "ombud_http_tokens_refused_total", "Bearer tokens refused, by check that failed", "reason"
)
HTTP_JWKS_FETCHES_TOTAL = _counter(
    "ombud_http_jwks_fetches_total", "Fetches of the issuer's keys: ok, failed", "outcome"
)
HTTP_JWKS_AGE_SECONDS = _gauge("ombud_http_jwks_age_seconds", "Age of the issuer's keys in use")
HTTP_IDEMPOTENT_REPLAYS_TOTAL = _counter(
    "ombud_http_idempotent_replays_total", "Answers given again for a known Idempotency-Key"
)
HTTP_STREAMS_OPEN = _gauge("ombud_http_streams_open", "Live streams (SSE) being served")
HTTP_STREAMS_CUT_TOTAL = _counter(
    "ombud_http_streams_cut_total", "Live streams ended by us: slow, stopping, failed", "reason"
)

# --- ingest --------------------------------------------------------------------------------------
INGEST_MENTIONS_TOTAL = _counter(
    "ombud_ingest_mentions_total",
    "Posts taken in: accepted, duplicate, malformed",
    "network",
    "outcome",
)
INGEST_WEBHOOKS_REFUSED_TOTAL = _counter(
    "ombud_ingest_webhooks_refused_total", "Webhook calls refused", "reason"
)
INGEST_DETECTION_SECONDS = _histogram(
    "ombud_ingest_detection_seconds", "From posted to detected", "network", buckets=_PIPELINE
)
INGEST_READINGS_TOTAL = _counter(
    "ombud_ingest_readings_total", "Readings of sources: read, failed", "network", "outcome"
)
INGEST_SOURCE_SILENCE_SECONDS = _gauge(
    "ombud_ingest_source_silence_seconds",
    "Since the least lucky enabled source was last read",
    "network",
)

# --- classifier ----------------------------------------------------------------------------------
CLASSIFIER_MENTIONS_TOTAL = _counter(
    "ombud_classifier_mentions_total", "Mentions labelled", "decision", "kind"
)
CLASSIFIER_PREDICTION_SECONDS = _histogram(
    "ombud_classifier_prediction_seconds", "The model on one batch", buckets=_FAST
)
CLASSIFIER_CONFIDENCE = _histogram(
    "ombud_classifier_confidence_ratio", "Confidence of the label", buckets=_SHARES
)
CLASSIFIER_MODEL_INFO = _gauge("ombud_classifier_model_info", "1; the model in use", "model")
CLASSIFIER_RULE_OVERRUNS_TOTAL = _counter(
    "ombud_classifier_rule_overruns_total", "Patterns of rules that ran over their time", "rule"
)
CLASSIFIER_REMOTE_ANSWERS_TOTAL = _counter(
    "ombud_classifier_remote_answers_total",
    "Posts for the HTTP model: answered, cached, budget, timeout, status, garbage, skipped",
    "outcome",
)
CLASSIFIER_CORRECTIONS_TOTAL = _counter(
    "ombud_classifier_corrections_total",
    "Labels that people set, by what stood before",
    "before",
    "after",
)
CLASSIFIER_SHADOW_TOTAL = _counter(
    "ombud_classifier_shadow_answers_total",
    "Answers of the challenger beside the champion's: agrees, disagrees",
    "outcome",
)
CLASSIFIER_RELOAD_FAILURES_TOTAL = _counter(
    "ombud_classifier_reload_failures_total",
    "Models or rules that were chosen and could not be taken up",
    "error",
)
CLASSIFIER_DECISION_SHARE = _gauge(
    "ombud_classifier_decision_share_ratio", "Share of the last day's mentions", "decision"
)
CLASSIFIER_LABEL_SHARE = _gauge(
    "ombud_classifier_label_share_ratio", "Share of the last day's mentions", "label"
)
CLASSIFIER_MEAN_CONFIDENCE = _gauge(
    "ombud_classifier_mean_confidence_ratio", "Mean confidence of the last day's mentions"
)
CLASSIFIER_DISAGREEMENT = _gauge(
    "ombud_classifier_disagreement_ratio",
    "Share of the last day's mentions that were judged twice and differently, with: people, "
    "challenger",
    "other",
)
CLASSIFIER_CRISES_PROPOSED_TOTAL = _counter(
    "ombud_classifier_crises_proposed_total", "Crises proposed, by what rose", "signal"
)

# --- router --------------------------------------------------------------------------------------
ROUTER_MENTIONS_TOTAL = _counter(
    "ombud_router_mentions_total",
    "Mentions by way: opened, continued, reopened, parked, own_post",
    "way",
)
ROUTER_MENTIONS_MOVED_TOTAL = _counter(
    "ombud_router_mentions_moved_total", "Mentions moved by a correction", "place", "to_place"
)
ROUTER_CASES_OPENED_TOTAL = _counter("ombud_router_cases_opened_total", "Cases opened", "team")
ROUTER_CASES_CLOSED_TOTAL = _counter("ombud_router_cases_closed_total", "Cases closed", "outcome")
ROUTER_CASE_STEPS_TOTAL = _counter(
    "ombud_router_case_steps_total", "Changes of a case's state, by the step that led there", "step"
)
ROUTER_CLAIMS_TOTAL = _counter(
    "ombud_router_claims_total", "Claims: granted, refused, released, expired, ended", "outcome"
)
ROUTER_CLOCKS_STARTED_TOTAL = _counter(
    "ombud_router_clocks_started_total", "Clocks started", "clock"
)
ROUTER_CLOCKS_WARNED_TOTAL = _counter("ombud_router_clocks_warned_total", "Warnings", "clock")
ROUTER_CLOCKS_BREACHED_TOTAL = _counter("ombud_router_clocks_breached_total", "Breaches", "clock")
ROUTER_CLOCKS_STOPPED_TOTAL = _counter(
    "ombud_router_clocks_stopped_total", "Clocks stopped: met, missed", "clock", "outcome"
)
ROUTER_DEPARTMENT_MESSAGES_TOTAL = _counter(
    "ombud_router_department_messages_total", "Questions and reminders to departments", "outcome"
)
ROUTER_TRANSFERS_TOTAL = _counter(
    "ombud_router_transfers_total", "Transfers to the helpdesk that were settled", "outcome"
)
ROUTER_ESCALATIONS_TOTAL = _counter(
    "ombud_router_escalations_total",
    "Cases taken up or down: person, breach, unanswered_contacts",
    "cause",
)
ROUTER_FOLLOW_UPS_DUE_TOTAL = _counter(
    "ombud_router_follow_ups_due_total",
    "Follow-ups whose date came: person, promise, transfer, policy",
    "source",
)
ROUTER_SWEEP_VIOLATIONS_CASES = _gauge(
    "ombud_router_sweep_violations_cases",
    "Open cases that are nobody's or of which nothing would speak; must be 0",
)
ROUTER_SWEEP_REPAIRED_TOTAL = _counter(
    "ombud_router_sweep_repaired_total", "Cases that the sweep had to take care of", "problem"
)
ROUTER_NEVER_ANSWERED_CASES = _gauge(
    "ombud_router_never_answered_cases", "Open cases overdue for a first reaction"
)
ROUTER_DUTY_OFFERS_TOTAL = _counter(
    "ombud_router_duty_offers_total",
    "Offers to persons on duty: offered, expired, taken",
    "outcome",
)
ROUTER_ACTIONS_TOTAL = _counter(
    "ombud_router_actions_total", "Actions: requested, confirmed, refused, overdue", "outcome"
)
ROUTER_CUSTOMER_LOOKUPS_TOTAL = _counter(
    "ombud_router_customer_lookups_total",
    "Questions to the CRM: answered, unknown, or why there was no answer",
    "outcome",
)
ROUTER_FIRST_REACTION_SECONDS = _histogram(
    "ombud_router_first_reaction_seconds", "From detected to the first reply", buckets=_HUMAN
)

# --- responder -----------------------------------------------------------------------------------
RESPONDER_DRAFTS_TOTAL = _counter(
    "ombud_responder_drafts_total",
    "Steps of drafts: revised, submitted, approved, rejected, withdrawn",
    "step",
)
RESPONDER_APPROVALS_REFUSED_TOTAL = _counter(
    "ombud_responder_approvals_refused_total", "Approvals refused", "reason"
)
RESPONDER_REVIEWS_TOTAL = _counter(
    "ombud_responder_reviews_total", "Reviews: offered, claimed, expired", "step"
)
RESPONDER_BREAK_GLASS_TOTAL = _counter(
    "ombud_responder_break_glass_total", "Replies that left unread because a lead broke the glass"
)
RESPONDER_BREAK_GLASS_OVERDUE_ROWS = _gauge(
    "ombud_responder_break_glass_overdue_rows",
    "Broken glass that nobody looked at within a day; 0 or an alarm",
)
RESPONDER_GATE_FINDINGS_TOTAL = _counter(
    "ombud_responder_gate_findings_total", "Findings of the gates in drafts", "rule", "level"
)
RESPONDER_GATES_LIFTED_TOTAL = _counter(
    "ombud_responder_gates_lifted_total", "Blocks lifted with a reason, by rule", "rule"
)
RESPONDER_DISPATCHES_TOTAL = _counter(
    "ombud_responder_dispatches_total", "Dispatches: sent, failed, unknown", "network", "outcome"
)
RESPONDER_DISPATCH_SECONDS = _histogram(
    "ombud_responder_dispatch_seconds", "The call to the network", "network", buckets=_FAST
)
RESPONDER_DISPATCHES_UNKNOWN_ROWS = _gauge(
    "ombud_responder_dispatches_unknown_rows", "Dispatches whose outcome nobody knows"
)
RESPONDER_FOUR_EYES_VIOLATIONS_ROWS = _gauge(
    "ombud_responder_four_eyes_violations_rows",
    "Public dispatches without another person's approval of exactly their bytes; 0 or an alarm",
)

# --- audit ---------------------------------------------------------------------------------------
AUDIT_ENTRIES_TOTAL = _counter("ombud_audit_entries_total", "History entries written", "topic")
AUDIT_DELAY_SECONDS = _histogram(
    "ombud_audit_delay_seconds",
    "From a fact to its entry in the history",
    "topic",
    buckets=_PIPELINE,
)
AUDIT_END_TO_END_SECONDS = _histogram(
    "ombud_audit_end_to_end_seconds",
    "From detected to the last fact of a mention's way in the history",
    buckets=_PIPELINE,
)
AUDIT_VERIFICATIONS_TOTAL = _counter(
    "ombud_audit_verifications_total", "Chains verified: intact, broken", "outcome"
)
