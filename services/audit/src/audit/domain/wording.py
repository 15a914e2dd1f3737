"""What an entry says in a line for people: who did what. English; texts of customers not included.

A type without a line here reads as its own words, so that a newer event is shown, not hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LINES: Mapping[str, str] = {
    "ingest.mention.received.v1": "Post found on {mention.network}",
    "classifier.mention.classified.v1": (
        "Classified as {classification.label} ({classification.kind}), "
        "decision {classification.decision}"
    ),
    "classifier.mention.reclassified.v1": (
        "Reclassified as {classification.label} ({classification.kind}), was {previous.label}"
    ),
    "classifier.crisis.proposed.v1": (
        "Crisis proposed: {topic}, {signal} {observed} where {expected} is usual"
    ),
    "classifier.crisis.switched.v1": "Crisis mode of {topic} switched, on: {is_on}",
    "classifier.rules.applied.v1": "Rules version {version} in force: {reason}",
    "classifier.model.changed.v1": "Model {what}: {champion} decides, {challenger} beside it",
    "classifier.identity.linked.v1": "Authors linked as one person",
    "router.case.opened.v1": "Case opened for {team}: {reason}",
    "router.case.continued.v1": "A further post joined the case of {team}",
    "router.mention.parked.v1": "Parked: {reason}",
    "router.own_post.recorded.v1": "Own post noted: {reason}",
    "router.case.claimed.v1": "Case claimed until {lease_until}",
    "router.case.released.v1": "Case given back: {reason}",
    "router.case.closed.v1": "Case closed: {outcome}, cause {cause}",
    "router.department_query.asked.v1": "{department} was asked, answer due {due_at}",
    "router.department_query.reminded.v1": "{department} was reminded ({recipient})",
    "router.department_query.answered.v1": "{department} answered via {via}",
    "router.department_query.undelivered.v1": "{department} could not be reached: {error}",
    "router.department_query.withdrawn.v1": "Question to {department} withdrawn",
    "router.department_query.next_step_chosen.v1": "Next step: {next_step}",
    "router.case.transferred.v1": "Transferred to {helpdesk} as {reference}",
    "router.transfer.failed.v1": "Transfer to {helpdesk} failed: {error}",
    "router.case.state_changed.v1": "Case {from_state} -> {to_state} ({step}): {reason}",
    "router.case.owner_changed.v1": "Responsible now: {owner.name} ({reason})",
    "router.case.handed_over.v1": "Handed over from {from_team} to {team}: {reason}",
    "router.case.triaged.v1": "Triage: {outcome}",
    "router.case.merged.v1": "Merged into case {target_case_id}: {reason}",
    "router.case.unmerged.v1": "Taken apart from case {target_case_id}: {reason}",
    "router.issue.added.v1": "Issue added: {topic}",
    "router.issue.settled.v1": "Issue {topic} settled: {result}",
    "router.mention.moved.v1": "Post moved from {from_place} to {to_place}: {reason}",
    "router.clock.warned.v1": "Clock {clock} warned, due {due_at}",
    "router.clock.breached.v1": "Clock {clock} breached, was due {due_at}",
    "router.clock.stopped.v1": "Clock {clock} stopped after {seconds_since_detected} s",
    "router.clock.started.v1": "Clock {clock} started, due {due_at}",
    "router.clock.paused.v1": "Clock {clock} paused: {reason}",
    "router.clock.resumed.v1": "Clock {clock} goes on, due {due_at}: {reason}",
    "router.clock.replanned.v1": "Clock {clock} due {new_due_at}, was {old_due_at}: {reason}",
    "router.clock.waived.v1": "Clock {clock} waived: {reason}",
    "router.follow_up.planned.v1": "Follow-up planned for {due_at}: {reason}",
    "router.follow_up.due.v1": "Follow-up due: {reason}",
    "router.follow_up.done.v1": "Follow-up settled: {result}",
    "router.case.escalated.v1": "Escalated from level {from_level} to {to_level}: {reason}",
    "router.case.deescalated.v1": "Taken down from level {from_level} to {to_level}: {reason}",
    "router.case.offered.v1": "Case offered to {person.name} until {until}",
    "router.action.requested.v1": "Action {action} asked of {system}",
    "router.action.confirmed.v1": "Action {action} done by {system}, reference {reference}",
    "router.action.refused.v1": "Action {action} refused by {system}: {note}",
    "router.action.overdue.v1": "Action {action} awaited from {system} since {due_at}",
    "router.customer.accessed.v1": "Customer data looked at by {actor.name}: {fields}",
    "router.configuration.applied.v1": "Configuration version {version} put in force",
    "responder.draft.revised.v1": "Draft revision {revision} written ({kind}, {visibility})",
    "responder.draft.submitted.v1": "Draft revision {revision} submitted for review",
    "responder.draft.approved.v1": "Draft revision {revision} approved",
    "responder.approval.refused.v1": "Approval of revision {revision} refused: {reason}",
    "responder.draft.rejected.v1": "Draft revision {revision} sent back",
    "responder.draft.withdrawn.v1": "Draft withdrawn",
    "responder.gates.checked.v1": "Gates held against revision {revision}",
    "responder.gate.lifted.v1": "Gate {rule} lifted for revision {revision}: {reason}",
    "responder.gate.confirmed.v1": "Findings of the gates confirmed for revision {revision}",
    "responder.gate_policy.changed.v1": "Gates of {account} changed: {reason}",
    "responder.reference.added.v1": "Reference {title} added",
    "responder.reference.attached.v1": "Reference {title} attached to the draft",
    "responder.suggestion.made.v1": "Words suggested by {model}",
    "responder.reply.sent.v1": "Reply sent ({kind}, {visibility}) from {account}",
    "responder.review.offered.v1": "Review of revision {revision} offered to {reviewer.name}",
    "responder.review.claimed.v1": "Review of revision {revision} claimed until {claimed_until}",
    "responder.review.expired.v1": "Review of revision {revision} not done in time",
    "responder.break_glass.used.v1": "Sent without a second reader: {reason}",
    "responder.break_glass.reviewed.v1": "Sending without a reader reviewed: {finding}",
    "responder.no_reply.decided.v1": "No reply, decided by two: {disposition}",
    "responder.draft.held.v1": "Draft cools off until {held_until}: {reason}",
    "responder.draft.hold_ended.v1": "Draft has cooled off",
    "responder.forward.requested.v1": "Forwarded for the customer to {department}",
    "responder.private_request.made.v1": "Customer asked for details in private",
    "responder.private_values.recorded.v1": "Private details recorded: {names}",
    "responder.private_values.read.v1": "Private details read: {names}, for {purpose}",
    "responder.private_values.deleted.v1": "Private details deleted: {count}",
    "responder.moderation.proposed.v1": "Proposed to {action} on {network}: {reason}",
    "responder.moderation.decided.v1": "Moderation decided: {reason}",
    "responder.moderation.done.v1": "Moderation: {outcome}",
    "responder.reply.failed.v1": "Reply failed: {error}",
    "responder.reply.outcome_unknown.v1": "Nobody knows whether the reply was sent: {error}",
}


def line_of(type_: str, body: Any) -> str:
    """One line about an event of `type_` with this body; holes where the body has none."""
    line = _LINES.get(type_)
    if line is None:
        return type_.rpartition(".v")[0].replace(".", " ").replace("_", " ")
    for hole in _holes(line):
        line = line.replace("{" + hole + "}", _value_at(body, hole))
    return line


def _holes(line: str) -> list[str]:
    return [part.partition("}")[0] for part in line.split("{")[1:]]


def _value_at(body: Any, path: str) -> str:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return "?" if body is None else str(body)
