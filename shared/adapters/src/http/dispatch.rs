//! From a decoded request to its operation and back.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;
use keyward_api::{
    Problem, parse_body,
    requests::{
        ActivateKeyRequest, DeleteEnvironmentRequest, DestroyKeyRequest, EmptyRequest, GenerateKeyRequest,
        GiveApprovalRequest, ImportKeyRequest, LeaseDataKeyRequest, LockTenantRequest, RegisterBackupRequest,
        RegisterEnvironmentRequest, RegisterTenantRequest, RequestApprovalRequest, RestoreBackupRequest,
        RevertEnvironmentRequest, RollBackKeyRequest, SetAdministratorsRequest, SetQuorumRequest, UploadKeyRequest,
    },
    views::{
        ApprovalView, AuditEventView, BackupView, ChallengeView, EnvironmentView, ExchangeKeyView, JsonWebKey, KeyView,
        LeasedDataKeyView, OperationView, PageView, PlanView, TenantView, TransferKeyView,
    },
};
use keyward_domain::{Name, OperationName, PlanHash, TenantId};
use keyward_service::ports::vault::VaultPublicKey;
use keyward_service::{
    AuditEntry, EnvironmentFilter, ExchangeKeys, GenerateKey, ImportKey, LockProof, LockRequest, Outcome, Request,
    RequestApproval, UploadKey,
};
use serde::Serialize;

use super::{Call, Gate, Reply, answers, failures::Failure, notices, pages};

type Replied = Result<Reply, Failure>;

fn view<T: Serialize>(view: &T) -> Replied {
    Ok(Reply::new(answers::of_view(view)))
}

fn exchange_key(keys: ExchangeKeys) -> ExchangeKeyView {
    let ExchangeKeys { sealing, transfer } = keys;
    let (modulus, exponent) = sealing.public_key.components();
    let spki = |key: &VaultPublicKey| STANDARD.encode(key.public_key.spki_der());
    ExchangeKeyView {
        spki: spki(&sealing),
        jwk: JsonWebKey::exchange(
            sealing.kid.clone(),
            URL_SAFE_NO_PAD.encode(modulus),
            URL_SAFE_NO_PAD.encode(exponent),
        ),
        transfer: transfer.map(|key| TransferKeyView::new(&key.kid, key.public_key.bits(), spki(&key))),
        kid: sealing.kid,
    }
}

/// Request headers under which one can ask for state: the entity tag.
fn tagged(reply: Reply, revision: u64) -> Reply {
    reply.with(header::ETAG, format!("\"{revision}\""))
}

impl Call {
    fn tenant(&self) -> Result<TenantId, Failure> {
        Ok(self.parameters.tenant()?)
    }

    /// The request, on the condition that this plan still holds.
    fn planned(&self, plan: Option<PlanHash>) -> Request {
        Request { plan, ..self.request.clone() }
    }

    fn nothing(&self) -> Result<(), Failure> {
        parse_body::<EmptyRequest>(&self.body)?;
        Ok(())
    }
}

impl Gate {
    pub(super) async fn dispatch(&self, call: &Call) -> Replied {
        use OperationName as Op;
        match call.route.operation {
            Op::RegisterTenant | Op::OptInTenant | Op::ReadTenant | Op::ListAuditEvents | Op::ReadOperation => {
                self.tenants(call).await
            }
            Op::SetAdministrators | Op::SetQuorum => self.people(call).await,
            Op::RequestApproval | Op::GiveApproval | Op::ListApprovals => self.approvals(call).await,
            Op::ReadExchangeKey | Op::GenerateKey | Op::UploadKey | Op::ImportKey | Op::ListKeys | Op::ReadKey => {
                self.keys(call).await
            }
            Op::ActivateKey | Op::RollBackKey | Op::DestroyKey => self.key_changes(call).await,
            Op::PlanLock | Op::ChallengePossession | Op::LockTenant => self.lock(call).await,
            Op::RegisterBackup | Op::ListBackups | Op::RestoreBackup => self.backups(call).await,
            Op::RegisterEnvironment
            | Op::ListEnvironments
            | Op::ReadEnvironment
            | Op::ReadEnvironmentHistory
            | Op::LeaseDataKey => self.environments(call).await,
            Op::ProtectEnvironment | Op::RevertEnvironment | Op::UnlockEnvironment | Op::DeleteEnvironment => {
                self.environment_changes(call).await
            }
        }
    }

    /// The answer to a change, with its entity tag and the place of its operation.
    fn changed(&self, call: &Call, outcome: &Outcome) -> Replied {
        let answer = answers::of_outcome(call.route.operation, outcome, self.keyward.settings());
        let status = answer.status;
        let mut reply = Reply::new(answer);
        if let (202, Some(operation)) = (status, &outcome.operation) {
            reply = reply.following(&outcome.tenant.id, &operation.id);
        }
        if outcome.environment.is_some() {
            reply = tagged(reply, outcome.environment_revision);
        } else if status != 202 {
            reply = tagged(reply, outcome.tenant_revision);
        }
        Ok(reply)
    }

    async fn tenants(&self, call: &Call) -> Replied {
        let (keyward, request, settings) = (&self.keyward, &call.request, self.keyward.settings());
        match call.route.operation {
            OperationName::RegisterTenant => {
                let tenant: RegisterTenantRequest = parse_body(&call.body)?;
                self.changed(call, &keyward.register_tenant(request, tenant.into()).await?)
            }
            OperationName::OptInTenant => {
                call.nothing()?;
                self.changed(call, &keyward.opt_in_tenant(request, &call.tenant()?).await?)
            }
            OperationName::ReadTenant => {
                let id = call.tenant()?;
                let (tenant, revision) = keyward.read_tenant(request, &id, OperationName::ReadTenant).await?;
                let notices = keyward.read_notices(request, &id).await?.as_ref().map(notices::view);
                let tenant = TenantView { notices, ..TenantView::new(&tenant, request.now, settings) };
                Ok(tagged(view(&tenant)?, revision))
            }
            OperationName::ListAuditEvents => {
                let query = &call.query;
                let listed = keyward
                    .list_audit_events(request, &call.tenant()?, pages::limit(query), pages::after(query))
                    .await?;
                view(&pages::page(&call.path, query, &listed, audit_event))
            }
            _ => {
                let operation = call.parameters.operation()?;
                let operation = keyward.read_operation(request, &call.tenant()?, &operation).await?;
                view(&OperationView::from(&operation))
            }
        }
    }

    async fn people(&self, call: &Call) -> Replied {
        let (keyward, request, tenant) = (&self.keyward, &call.request, call.tenant()?);
        if call.route.operation == OperationName::SetQuorum {
            let SetQuorumRequest { required, plan } = parse_body(&call.body)?;
            if call.query.dry_run {
                return view(&PlanView::from(keyward.plan_set_quorum(request, &tenant, required).await?));
            }
            return self.changed(call, &keyward.set_quorum(&call.planned(plan), &tenant, required).await?);
        }
        let SetAdministratorsRequest { administrators, plan } = parse_body(&call.body)?;
        let wanted = administrators.into_iter().map(Into::into).collect();
        if call.query.dry_run {
            return view(&PlanView::from(keyward.plan_set_administrators(request, &tenant, wanted).await?));
        }
        self.changed(call, &keyward.set_administrators(&call.planned(plan), &tenant, wanted).await?)
    }

    async fn approvals(&self, call: &Call) -> Replied {
        let (keyward, tenant) = (&self.keyward, call.tenant()?);
        match call.route.operation {
            OperationName::RequestApproval => {
                let wanted: RequestApprovalRequest = parse_body(&call.body)?;
                wanted.check()?;
                let RequestApprovalRequest { operation, environment, key, plan } = wanted;
                let wanted = RequestApproval { operation: operation.into(), environment, key };
                self.changed(call, &keyward.request_approval(&call.planned(plan), &tenant, &wanted).await?)
            }
            OperationName::GiveApproval => {
                let GiveApprovalRequest { plan } = parse_body(&call.body)?;
                let approval = call.parameters.approval()?;
                self.changed(call, &keyward.give_approval(&call.request, &tenant, &approval, &plan).await?)
            }
            _ => {
                let open = keyward.list_approvals(&call.request, &tenant).await?;
                view(&PageView::whole(open.iter().map(ApprovalView::from).collect()))
            }
        }
    }

    async fn keys(&self, call: &Call) -> Replied {
        let (keyward, request, tenant) = (&self.keyward, &call.request, call.tenant()?);
        match call.route.operation {
            OperationName::ReadExchangeKey => view(&exchange_key(keyward.read_exchange_key(request, &tenant).await?)),
            OperationName::GenerateKey => self.generate_key(call, &tenant).await,
            OperationName::UploadKey => {
                let UploadKeyRequest { id, name, region, sealed_key_file } = parse_body(&call.body)?;
                let upload = UploadKey { id, name, region, sealed_key_file };
                self.changed(call, &keyward.upload_key(request, &tenant, upload).await?)
            }
            OperationName::ImportKey => {
                let ImportKeyRequest { id, name, region, transfer_blob } = parse_body(&call.body)?;
                let import = ImportKey { id, name, region, transfer_blob };
                self.changed(call, &keyward.import_key(request, &tenant, import).await?)
            }
            OperationName::ListKeys => {
                let keys = keyward.list_keys(request, &tenant).await?;
                view(&PageView::whole(keys.iter().map(KeyView::from).collect()))
            }
            _ => {
                let key = keyward.read_key(request, &tenant, &call.parameters.key()?).await?;
                view(&KeyView::from(&key))
            }
        }
    }

    async fn generate_key(&self, call: &Call, tenant: &TenantId) -> Replied {
        let GenerateKeyRequest { id, name, region, sealed_password } = parse_body(&call.body)?;
        let name = match name {
            Some(name) => name,
            None => Name::new(id.as_str()).map_err(|error| Problem::invalid_id(&error))?,
        };
        let generate = GenerateKey { id, name, region, sealed_password };
        let generated = self.keyward.generate_key(&call.request, tenant, generate).await?;
        let answer = answers::of_generated_key(&generated.outcome, STANDARD.encode(&generated.pfx));
        Ok(Reply::new(answer.ok_or_else(Problem::internal)?))
    }

    async fn key_changes(&self, call: &Call) -> Replied {
        let (keyward, tenant) = (&self.keyward, call.tenant()?);
        match call.route.operation {
            OperationName::ActivateKey => {
                let ActivateKeyRequest { plan } = parse_body(&call.body)?;
                let key = call.parameters.key()?;
                if call.query.dry_run {
                    return view(&PlanView::from(keyward.plan_activate_key(&call.request, &tenant, &key).await?));
                }
                self.changed(call, &keyward.activate_key(&call.planned(plan), &tenant, &key).await?)
            }
            OperationName::RollBackKey => {
                let RollBackKeyRequest { plan } = parse_body(&call.body)?;
                if call.query.dry_run {
                    return view(&PlanView::from(keyward.plan_roll_back_key(&call.request, &tenant).await?));
                }
                self.changed(call, &keyward.roll_back_key(&call.planned(plan), &tenant).await?)
            }
            _ => {
                let DestroyKeyRequest { plan } = parse_body(&call.body)?;
                let key = call.parameters.key()?;
                if call.query.dry_run {
                    return view(&PlanView::from(keyward.plan_destroy_key(&call.request, &tenant, &key).await?));
                }
                self.changed(call, &keyward.destroy_key(&call.planned(plan), &tenant, &key).await?)
            }
        }
    }

    async fn lock(&self, call: &Call) -> Replied {
        let (keyward, request, tenant) = (&self.keyward, &call.request, call.tenant()?);
        match call.route.operation {
            OperationName::PlanLock => view(&PlanView::from(keyward.plan_lock(request, &tenant).await?)),
            OperationName::ChallengePossession => {
                call.nothing()?;
                let challenge = keyward.challenge_possession(request, &tenant).await?;
                view(&ChallengeView {
                    challenge: challenge.challenge,
                    message: STANDARD.encode(challenge.message),
                    key: challenge.key,
                    expires_at: challenge.expires_at,
                })
            }
            _ => {
                let LockTenantRequest { stated_name, sealed_key_file, answer, plan } = parse_body(&call.body)?;
                let proof = match (sealed_key_file, answer) {
                    (Some(sealed), None) => LockProof::KeyFile { sealed },
                    (None, Some(answer)) => {
                        let signature = STANDARD
                            .decode(&answer.signature)
                            .map_err(|_| Problem::malformed_request("the signature is not base64"))?;
                        LockProof::Answer { challenge: answer.challenge, signature }
                    }
                    _ => {
                        let expected = "one proof of possession is needed: sealedKeyFile or answer, not both";
                        return Err(Problem::malformed_request(expected).into());
                    }
                };
                let lock = LockRequest { stated_name, proof };
                self.changed(call, &keyward.lock_tenant(&call.planned(plan), &tenant, &lock).await?)
            }
        }
    }

    async fn environments(&self, call: &Call) -> Replied {
        let (keyward, request, tenant) = (&self.keyward, &call.request, call.tenant()?);
        let query = &call.query;
        match call.route.operation {
            OperationName::RegisterEnvironment => {
                let environment: RegisterEnvironmentRequest = parse_body(&call.body)?;
                self.changed(call, &keyward.register_environment(request, &tenant, environment.into()).await?)
            }
            OperationName::ListEnvironments => {
                let filter = EnvironmentFilter { managed_by: query.managed_by, locked: query.locked };
                let (state, listed) = keyward
                    .list_environments(request, &tenant, filter, pages::limit(query), pages::after(query))
                    .await?;
                view(&pages::page(&call.path, query, &listed, |environment| {
                    EnvironmentView::new(environment, &state, request.now)
                }))
            }
            OperationName::ReadEnvironment => {
                let id = call.parameters.environment()?;
                let (state, environment, revision) =
                    keyward.read_environment(request, &tenant, &id, OperationName::ReadEnvironment).await?;
                Ok(tagged(view(&EnvironmentView::new(&environment, &state, request.now))?, revision))
            }
            OperationName::ReadEnvironmentHistory => {
                let id = call.parameters.environment()?;
                let (limit, after) = (pages::limit(query), pages::after(query));
                let listed = keyward.read_environment_history(request, &tenant, &id, limit, after).await?;
                view(&pages::page(&call.path, query, &listed, audit_event))
            }
            _ => {
                let LeaseDataKeyRequest { generation } = parse_body(&call.body)?;
                let environment = call.parameters.environment()?;
                let leased = keyward.lease_data_key(request, &tenant, &environment, generation).await?;
                view(&LeasedDataKeyView {
                    environment,
                    generation: leased.generation,
                    data_key: STANDARD.encode(leased.key.as_bytes()).into(),
                    lease_ends_at: leased.until,
                })
            }
        }
    }

    async fn environment_changes(&self, call: &Call) -> Replied {
        let (keyward, request, tenant) = (&self.keyward, &call.request, call.tenant()?);
        let id = call.parameters.environment()?;
        let operation = call.route.operation;
        let (stated_name, plan) = match operation {
            OperationName::RevertEnvironment => {
                let RevertEnvironmentRequest { stated_name, plan } = parse_body(&call.body)?;
                (stated_name, plan)
            }
            OperationName::DeleteEnvironment => {
                let DeleteEnvironmentRequest { stated_name, plan } = parse_body(&call.body)?;
                (stated_name, plan)
            }
            _ => {
                call.nothing()?;
                (None, None)
            }
        };
        if call.query.dry_run {
            let plan = keyward.plan_environment(request, operation, &tenant, &id, stated_name).await?;
            return view(&PlanView::from(plan));
        }
        let request = call.planned(plan);
        let outcome = match operation {
            OperationName::ProtectEnvironment => keyward.protect_environment(&request, &tenant, &id).await?,
            OperationName::RevertEnvironment => keyward.revert_environment(&request, &tenant, &id, stated_name).await?,
            OperationName::UnlockEnvironment => keyward.unlock_environment(&request, &tenant, &id).await?,
            _ => keyward.delete_environment(&request, &tenant, &id, stated_name).await?,
        };
        self.changed(call, &outcome)
    }

    async fn backups(&self, call: &Call) -> Replied {
        let (keyward, request, tenant) = (&self.keyward, &call.request, call.tenant()?);
        let environment = call.parameters.environment()?;
        match call.route.operation {
            OperationName::RegisterBackup => {
                let RegisterBackupRequest { id, retained_until } = parse_body(&call.body)?;
                let outcome = keyward.register_backup(request, &tenant, &environment, &id, retained_until).await?;
                self.changed(call, &outcome)
            }
            OperationName::ListBackups => {
                let (limit, after) = (pages::limit(&call.query), pages::after(&call.query));
                let listed = keyward.list_backups(request, &tenant, &environment, limit, after).await?;
                view(&pages::page(&call.path, &call.query, &listed, |backup| BackupView::from(backup)))
            }
            _ => {
                let RestoreBackupRequest { plan } = parse_body(&call.body)?;
                let backup = call.parameters.backup()?;
                if call.query.dry_run {
                    let plan = keyward.plan_restore_backup(request, &tenant, &environment, &backup).await?;
                    return view(&PlanView::from(plan));
                }
                let request = call.planned(plan);
                self.changed(call, &keyward.restore_backup(&request, &tenant, &environment, &backup).await?)
            }
        }
    }
}

fn audit_event(entry: &AuditEntry) -> AuditEventView {
    AuditEventView {
        sequence: entry.sequence,
        at: entry.recorded.at,
        by: entry.recorded.by.clone(),
        event: serde_json::to_value(&entry.recorded.event).unwrap_or_default(),
        previous_hash: entry.previous.clone(),
        hash: entry.hash.clone(),
    }
}
