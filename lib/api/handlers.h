/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_HANDLERS_H
#define MFX_API_HANDLERS_H

struct request_ctx;

/* The handlers of the rows (routes.h).  Each answers, or sees that it is
 * answered later. */
void users_create(struct request_ctx *), users_show(struct request_ctx *),
    users_show_one(struct request_ctx *), users_update(struct request_ctx *),
    users_remove(struct request_ctx *), users_password(struct request_ctx *);
void tokens_create(struct request_ctx *), tokens_refresh(struct request_ctx *),
    tokens_end(struct request_ctx *);
void keys_create(struct request_ctx *), keys_list(struct request_ctx *),
    keys_show(struct request_ctx *), keys_remove(struct request_ctx *);
void grants_create(struct request_ctx *), grants_list(struct request_ctx *),
    grants_show(struct request_ctx *), grants_update(struct request_ctx *),
    grants_accept(struct request_ctx *),
    grants_guests(struct request_ctx *), grants_remove(struct request_ctx *);
void things_create(struct request_ctx *), things_bulk(struct request_ctx *),
    things_list(struct request_ctx *), things_of_channel(struct request_ctx *),
    things_show(struct request_ctx *), things_update(struct request_ctx *),
    things_patch(struct request_ctx *), things_enable(struct request_ctx *),
    things_disable(struct request_ctx *), things_key(struct request_ctx *),
    things_remove(struct request_ctx *),
    things_update_many(struct request_ctx *),
    things_remove_many(struct request_ctx *);
void channels_create(struct request_ctx *),
    channels_bulk(struct request_ctx *), channels_list(struct request_ctx *),
    channels_of_thing(struct request_ctx *),
    channels_show(struct request_ctx *), channels_update(struct request_ctx *),
    channels_patch(struct request_ctx *),
    channels_enable(struct request_ctx *),
    channels_disable(struct request_ctx *),
    channels_remove(struct request_ctx *),
    channels_update_many(struct request_ctx *),
    channels_remove_many(struct request_ctx *);
void connections_add(struct request_ctx *),
    connections_remove(struct request_ctx *),
    connections_bulk(struct request_ctx *),
    connections_end_bulk(struct request_ctx *);
void access_identity(struct request_ctx *),
    access_decide(struct request_ctx *),
    access_decide_id(struct request_ctx *),
    access_explain(struct request_ctx *);
void configs_create(struct request_ctx *), configs_list(struct request_ctx *),
    configs_show(struct request_ctx *), configs_update(struct request_ctx *),
    configs_patch(struct request_ctx *), configs_remove(struct request_ctx *),
    configs_channels(struct request_ctx *),
    configs_certs(struct request_ctx *), configs_state(struct request_ctx *),
    configs_bulk(struct request_ctx *),
    configs_update_many(struct request_ctx *),
    configs_remove_many(struct request_ctx *);
void groups_create(struct request_ctx *), groups_list(struct request_ctx *),
    groups_show(struct request_ctx *), groups_update(struct request_ctx *),
    groups_patch(struct request_ctx *), groups_remove(struct request_ctx *),
    groups_children(struct request_ctx *),
    groups_parents(struct request_ctx *),
    groups_members(struct request_ctx *),
    groups_assign(struct request_ctx *),
    groups_unassign(struct request_ctx *),
    groups_bulk(struct request_ctx *),
    groups_update_many(struct request_ctx *),
    groups_remove_many(struct request_ctx *),
    groups_assign_many(struct request_ctx *),
    groups_unassign_many(struct request_ctx *);
void bootstrap_device(struct request_ctx *),
    bootstrap_device_secure(struct request_ctx *),
    bootstrap_list_unknown(struct request_ctx *);
void certs_create(struct request_ctx *), certs_show(struct request_ctx *),
    certs_remove(struct request_ctx *), certs_serials(struct request_ctx *),
    certs_all(struct request_ctx *), certs_renew(struct request_ctx *);
void est_ca_certificates(struct request_ctx *),
    est_attributes(struct request_ctx *), est_enroll(struct request_ctx *),
    est_renew(struct request_ctx *);
void ocsp_post(struct request_ctx *), ocsp_get(struct request_ctx *);
void events_stream(struct request_ctx *);
void messages_list(struct request_ctx *);
void status_version(struct request_ctx *), status_health(struct request_ctx *),
    status_metrics(struct request_ctx *);
void openapi_show(struct request_ctx *);

#endif
