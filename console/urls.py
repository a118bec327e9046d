"""Every URL of the console; a view's rule stands at the view."""

from django.urls import URLPattern, URLResolver, include, path

from console import converters
from console.views import (
    accounts,
    audit,
    code,
    comparison,
    completion,
    control,
    debounces,
    enqueue,
    error_groups,
    errors,
    factors,
    forks,
    grants,
    health,
    histories,
    home,
    live,
    messages,
    operations,
    payloads,
    people,
    preferences,
    provider,
    queue_control,
    queues,
    rehearsal,
    roles,
    run_values,
    saved_views,
    schedule_control,
    schedule_missed,
    schedule_sets,
    schedule_several,
    schedules,
    teams,
    workflow_export,
    workflow_list,
    workflows,
)

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler429 = errors.too_many
handler500 = errors.server_error

converters.register()

payload_urls = [
    path("", payloads.detail, name="payload"),
    path("text/", payloads.text, name="payload-text"),
    path("download/", payloads.download, name="payload-download"),
    path("reveal/", payloads.reveal, name="payload-reveal"),
]

workflow_urls: list[URLPattern | URLResolver] = [
    path("payload/<payload_place:place>/", include(payload_urls)),
    path("cancel/", control.cancel, name="workflow-cancel"),
    path("resume/", control.resume, name="workflow-resume"),
    path("fork/", forks.fork, name="workflow-fork"),
    path("delay/", control.delay, name="workflow-delay"),
    path("priority/", control.priority, name="workflow-priority"),
    path("delete/", control.delete, name="workflow-delete"),
    path("again/", enqueue.again, name="workflow-again"),
    path("history/", histories.workflow, name="workflow-history"),
    path("code/", code.detail, name="workflow-code"),
    path("event/", run_values.event, name="workflow-event"),
    path("stream/", run_values.stream, name="workflow-stream"),
]

schedule_urls: list[URLPattern | URLResolver] = [
    path("edit/", schedule_control.edit, name="schedule-edit"),
    path("pause/", schedule_control.pause, name="schedule-pause"),
    path("resume/", schedule_control.resume, name="schedule-resume"),
    path("history/", histories.schedule, name="schedule-history"),
    path("missed/", schedule_missed.missed, name="schedule-missed"),
    path("backfill/", schedule_control.backfill, name="schedule-backfill"),
    path("trigger/", schedule_control.trigger, name="schedule-trigger"),
    path("delete/", schedule_control.delete, name="schedule-delete"),
]

queue_urls: list[URLPattern | URLResolver] = [
    path("", queues.detail, name="queue"),
    path("history/", histories.queue, name="queue-history"),
    path("edit/", queue_control.edit, name="queue-edit"),
    path("delete/", queue_control.delete, name="queue-delete"),
]

operation_urls: list[URLPattern | URLResolver] = [
    path("start/", operations.start, name="operation-start"),
    path("steer/", operations.steer, name="operation-steer"),
    path("export/", operations.export, name="operation-export"),
]

system_urls: list[URLPattern | URLResolver] = [
    path("", home.system, name="system"),
    path("live/", live.index, name="live"),
    path("workflows/", workflow_list.index, name="workflows"),
    path("workflows/complete/", completion.index, name="workflow-complete"),
    path("workflows/count/", workflow_list.count, name="workflow-count"),
    path("workflows/enqueue/", enqueue.enqueue, name="workflow-enqueue"),
    path("workflows/debounce/", enqueue.debounce, name="workflow-debounce"),
    path("workflows/export/", workflow_export.export, name="workflow-export"),
    path("workflows/compare/", comparison.index, name="workflow-compare"),
    path("workflows/run/<workflow_id:workflow_id>/", workflows.detail, name="workflow"),
    path("workflows/run/<workflow_id:workflow_id>/", include(workflow_urls)),
    path("operations/", operations.index, name="operations"),
    path("operations/plan/", operations.plan, name="operation-plan"),
    path("operations/<uuid:operation_id>/", operations.detail, name="operation"),
    path("operations/<uuid:operation_id>/", include(operation_urls)),
    path("views/save/", saved_views.save, name="view-save"),
    path("views/<int:view_id>/forget/", saved_views.forget, name="view-forget"),
    path("errors/", error_groups.index, name="error-groups"),
    path("errors/<slug:fingerprint>/", error_groups.detail, name="error-group"),
    path("schedules/", schedules.index, name="schedules"),
    path("schedules/create/", schedule_control.create, name="schedule-create"),
    path("schedules/pause/", schedule_several.pause, name="schedules-pause"),
    path("schedules/resume/", schedule_several.resume, name="schedules-resume"),
    path("schedules/export/", schedule_sets.export, name="schedule-export"),
    path("schedules/apply/", schedule_sets.apply, name="schedule-apply"),
    path("schedules/rehearsal/", rehearsal.index, name="schedule-rehearsal"),
    path("schedules/times/", schedule_control.times, name="schedule-times"),
    path("schedules/schedule/<workflow_id:schedule_name>/", schedules.detail, name="schedule"),
    path("schedules/schedule/<workflow_id:schedule_name>/", include(schedule_urls)),
    path("debounces/", debounces.index, name="queue-debounces"),
    path("queues/", queues.index, name="queues"),
    path("queues/register/", queue_control.register, name="queue-register"),
    path("queues/effect/", queue_control.effect, name="queue-effect"),
    path("queues/queue/<workflow_id:queue_name>/", include(queue_urls)),
    path("messages/send/", messages.send, name="message-send"),
]

role_urls: list[URLPattern | URLResolver] = [
    path("roles/", roles.index, name="roles"),
    path("roles/create/", roles.create, name="role-create"),
    path("roles/<slug:role_name>/edit/", roles.edit, name="role-edit"),
    path("roles/<slug:role_name>/delete/", roles.delete, name="role-delete"),
    path("grants/", grants.index, name="grants"),
    path("grants/give/", grants.give, name="grant-give"),
    path("grants/<int:grant_id>/take/", grants.take, name="grant-take"),
    path("grants/people/<int:user_id>/", grants.person, name="grants-person"),
    path("teams/", teams.index, name="teams"),
    path("teams/create/", teams.create, name="team-create"),
    path("teams/<int:team_id>/edit/", teams.edit, name="team-edit"),
    path("teams/<int:team_id>/delete/", teams.delete, name="team-delete"),
]

# django-allauth looks for its pages by these names.
sign_in_urls: list[URLPattern | URLResolver] = [
    path("", accounts.login, name="account_login"),
    path("second/", factors.second, name="mfa_authenticate"),
    path("passkey/", factors.sign_in_by_passkey, name="mfa_login_webauthn"),
    path("provider/", provider.start, name="provider"),
    path("provider/callback/", provider.callback, name="openid_connect_callback"),
]
account_urls: list[URLPattern | URLResolver] = [
    path("", accounts.detail, name="mfa_index"),
    path("password/", accounts.change_password, name="account_change_password"),
    path("sessions/end/", accounts.end_sessions, name="account_end_sessions"),
    path("confirm/", accounts.confirm, name="account_reauthenticate"),
    path("confirm/code/", factors.confirm_code, name="mfa_reauthenticate"),
    path("confirm/passkey/", factors.confirm_passkey, name="mfa_reauthenticate_webauthn"),
    path("app/", factors.add_app, name="mfa_activate_totp"),
    path("app/remove/", factors.remove_app, name="mfa_deactivate_totp"),
    path("passkeys/add/", factors.add_passkey, name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/rename/", factors.rename_passkey, name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", factors.remove_passkey, name="mfa_remove_webauthn"),
    path("codes/", factors.codes, name="mfa_view_recovery_codes"),
    path("codes/download/", factors.download_codes, name="mfa_download_recovery_codes"),
]
person_urls: list[URLPattern | URLResolver] = [
    path("", people.detail, name="person"),
    path("edit/", people.edit, name="person-edit"),
    path("link/", people.link, name="person-link"),
    path("active/", people.active, name="person-active"),
    path("factors/", people.factors, name="person-factors"),
    path("sessions/", people.sessions, name="person-sessions"),
]
people_urls: list[URLPattern | URLResolver] = [
    path("", people.index, name="people"),
    path("invite/", people.invite, name="people-invite"),
    path("person/<int:person_id>/", include(person_urls)),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("theme/", preferences.theme, name="theme"),
    path("preferences/", preferences.index, name="preferences"),
    path("audit/", audit.index, name="audit"),
    path("audit/export/", audit.export, name="audit-export"),
    path("audit/<int:position>/", audit.detail, name="audit-entry"),
    path("", include(role_urls)),
    path("login/", include(sign_in_urls)),
    path("logout/", accounts.logout, name="account_logout"),
    path("welcome/<slug:token>/", accounts.welcome, name="welcome"),
    path("account/", include(account_urls)),
    path("people/", include(people_urls)),
    path("s/<system:system>/", include(system_urls)),
]
