//! Pulls, pushes, new models, copies and deletions of Ollama's own clients. One call at a time changes what a name stands for,
//! and whoever follows changes learns of them.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use providers::forward::{ForwardBody, Forwarded, OllamaRoute, Patience, ReadEvents, TransferReader};
use tokio_util::bytes::Bytes;

use super::{ForwardRequest, Forwarding, MAX_WHOLE, NamedModel, StreamedAnswer, WholeAnswer, head};
use crate::models::names_in_use::NameUse;
use crate::{Caller, ServiceError};
use types::TransferEvent;

impl Forwarding {
    /// Copies or deletes a model.
    ///
    /// # Errors
    /// `model_not_found` for one that the caller may not use, `overloaded` while another call changes or uses it, and those of
    /// the provider.
    pub async fn change(
        &self,
        caller: &Caller,
        request: &ForwardRequest,
    ) -> Result<WholeAnswer, ServiceError> {
        let (changed, _uses) = match request.route {
            OllamaRoute::Copy => {
                let (source, destination) = (request.named("source"), request.named("destination"));
                self.check_name(caller, "source", &source)?;
                self.check_name(caller, "destination", &destination)?;
                let uses = self.reserved(&destination, Reserve::Creation)?;
                (destination, uses)
            }
            _ => {
                let model = request.model();
                self.check_name(caller, "model", &model)?;
                let uses = self.reserved(&model, Reserve::Change)?;
                (model, uses)
            }
        };
        let body = ForwardBody::Json(request.body.clone());
        let answer = self.api()?.forward(&request.route, body, Patience::Control).await;
        let answer = self.whole(answer).await?;
        if let NamedModel::Named(model) = changed
            && (200..300).contains(&answer.head.status)
        {
            self.models.installed_changed(&model);
        }
        Ok(answer)
    }

    /// Pulls, pushes or creates a model. The stream is the server's own; dropping it ends the work, as the server does when its
    /// client goes.
    ///
    /// # Errors
    /// As [`Forwarding::change`].
    pub async fn transfer(
        self: &Arc<Self>,
        caller: &Caller,
        request: &ForwardRequest,
    ) -> Result<StreamedAnswer, ServiceError> {
        let model = request.model();
        self.check_name(caller, "model", &model)?;
        let uses = match request.route {
            OllamaRoute::Pull => self.reserved(&model, Reserve::Pull)?,
            OllamaRoute::Create => {
                // One that is not installed would be pulled.
                self.check_name(caller, "from", &request.named("from"))?;
                self.reserved(&model, Reserve::Creation)?
            }
            _ => Vec::new(),
        };
        let body = ForwardBody::Json(request.body.clone());
        let answer = self.api()?.forward(&request.route, body, Patience::Caller).await;
        let mut answer = answer.map_err(|error| self.models.error(error))?;
        let head = head(&answer);
        if !answer.is_success() {
            let body = answer.read(MAX_WHOLE).await.map_err(|error| self.models.error(error))?;
            let body = stream::once(async move { Ok(Bytes::from(body)) });
            return Ok(StreamedAnswer { head, body: body.boxed() });
        }
        let model = match (&request.route, model) {
            (OllamaRoute::Pull | OllamaRoute::Create, NamedModel::Named(model)) => Some(model),
            _ => None,
        };
        let transfer = Transfer {
            forwarding: Arc::clone(self),
            answer,
            reader: TransferReader::default(),
            events: ReadEvents::new(),
            model,
            layers: HashMap::new(),
            checked: 0,
            fills_disk: request.route == OllamaRoute::Pull,
            _uses: uses,
        };
        Ok(StreamedAnswer { head, body: transfer.stream() })
    }

    /// The uses of a name that keep others from changing it.
    fn reserved(&self, name: &NamedModel, kind: Reserve) -> Result<Vec<NameUse>, ServiceError> {
        let NamedModel::Named(model) = name else { return Ok(Vec::new()) };
        let mut uses = match kind {
            Reserve::Pull => vec![self.models.reserve_pull(model)?],
            Reserve::Creation => vec![self.models.reserve_name(model)?],
            Reserve::Change => Vec::new(),
        };
        uses.push(self.models.names.change(model)?);
        Ok(uses)
    }
}

/// What a name is reserved for.
#[derive(Debug, Clone, Copy)]
enum Reserve {
    Pull,
    Creation,
    Change,
}

/// A transfer whose steps are read in passing.
struct Transfer {
    forwarding: Arc<Forwarding>,
    answer: Forwarded,
    reader: TransferReader,
    events: ReadEvents<TransferEvent>,
    /// The model that is there once the transfer has succeeded.
    model: Option<String>,
    /// Bytes in all of each layer, and those that are there.
    layers: HashMap<String, (u64, u64)>,
    /// The size for which there was room.
    checked: u64,
    fills_disk: bool,
    _uses: Vec<NameUse>,
}

impl Transfer {
    fn stream(self) -> BoxStream<'static, Result<Bytes, ServiceError>> {
        stream::unfold(Some(self), |transfer| async move {
            let mut transfer = transfer?;
            match transfer.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(transfer))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, ServiceError> {
        let next = self.answer.next().await.map_err(|error| self.forwarding.models.error(error))?;
        match &next {
            Some(chunk) => self.reader.push(chunk, &mut self.events),
            None => self.reader.finish(&mut self.events),
        }
        for event in self.events.drain(..) {
            // The caller reads what failed.
            let Ok(event) = event else { continue };
            if event.is_success()
                && let Some(model) = self.model.take()
            {
                self.forwarding.models.installed_changed(&model);
            }
            if let (Some(digest), Some(total)) = (event.digest, event.total) {
                self.layers.insert(digest, (total, event.completed.unwrap_or(0)));
            }
        }
        self.check_room().await?;
        Ok(next)
    }

    /// Checks the room on the disk, again for each layer that the server names.
    async fn check_room(&mut self) -> Result<(), ServiceError> {
        let sum = |part: fn(&(u64, u64)) -> u64| self.layers.values().map(part).fold(0, u64::saturating_add);
        let (total, completed) = (sum(|layer| layer.0), sum(|layer| layer.1));
        if !self.fills_disk || total <= self.checked {
            return Ok(());
        }
        self.checked = total;
        let name = self.model.as_deref().unwrap_or("The model");
        self.forwarding.transfers.check_room(name, total.saturating_sub(completed)).await
    }
}
