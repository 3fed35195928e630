//! A claim as an object on the service: put where nothing is, or in place of what is there.

use std::time::Instant;

use futures_util::future::join;
use object_store::path::Path;
use object_store::{ObjectStore as _, PutMode, PutOptions, Result as StoreResult, UpdateVersion};

use crate::connect::Store;
use crate::format::Lease;
use crate::problem::is_unmet;
use crate::service::{Found, version_of};

/// How often a claim is asked for again that was given back at the same moment.
const TRIES: usize = 5;
/// How long an object is that may be a claim.
const LONGEST: u64 = 1000;

/// A claim that this process has put.
#[derive(Clone)]
pub(super) struct Holding {
    pub(super) lease: Lease,
    /// What is there, as the service tells it apart from what others put.
    version: UpdateVersion,
    /// When the service was asked to put it.
    pub(super) since: Instant,
}

/// What is there in place of a claim.
#[derive(Clone, PartialEq)]
pub(super) struct Placed {
    /// The claim; `None` where it is none of this release.
    pub(super) lease: Option<Lease>,
    /// The object, as the service tells it apart from what others put: a claim of a later release is renewed by one
    /// that this release cannot read either.
    version: UpdateVersion,
}

/// What a service says to who claims.
pub(super) enum Answer {
    Granted(Holding),
    Refused(Option<Placed>),
}

impl From<Option<Holding>> for Answer {
    fn from(put: Option<Holding>) -> Self {
        put.map_or(Self::Refused(None), Self::Granted)
    }
}

impl Store {
    async fn put_lease(
        &self,
        path: &Path,
        lease: &Lease,
        mode: PutMode,
    ) -> StoreResult<Option<Holding>> {
        let since = Instant::now();
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.objects.put_opts(path, lease.object().into(), options).await {
            Ok(put) => Ok(Some(Holding { lease: *lease, version: put.into(), since })),
            Err(error) if is_unmet(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts a claim in place of what is `there`. Where the reply does not say that it is put, what is there does: a
    /// reply may be lost, and a request that is sent again finds what the first one put.
    async fn replace_lease(
        &self,
        path: &Path,
        lease: &Lease,
        there: PutMode,
    ) -> StoreResult<Option<Holding>> {
        let since = Instant::now();
        let put = self.put_lease(path, lease, there).await;
        if matches!(put, Ok(Some(_))) {
            return put;
        }
        match self.own_lease(path, lease, since).await {
            Ok(Some(own)) if own.lease == *lease => Ok(Some(own)),
            _ => put,
        }
    }

    /// What is there in place of a claim.
    async fn lease_at(&self, path: &Path) -> StoreResult<Option<Placed>> {
        let (meta, lease) = match self.clone().fetch(path.clone(), LONGEST).await? {
            Found::Nothing => return Ok(None),
            // None of ours, whatever it is.
            Found::TooLong(_) => match self.clone().head(path.clone()).await? {
                Some(meta) => (meta, None),
                None => return Ok(None),
            },
            Found::Whole(found) => {
                let lease = Lease::read(&found.content);
                (found.meta, lease)
            }
        };
        Ok(Some(Placed { lease, version: version_of(&meta) }))
    }

    /// The claim that is there, where its token says that it is the one of `lease`, put at `since`.
    async fn own_lease(
        &self,
        path: &Path,
        lease: &Lease,
        since: Instant,
    ) -> StoreResult<Option<Holding>> {
        let Some(Placed { lease: Some(there), version }) = self.lease_at(path).await? else {
            return Ok(None);
        };
        Ok((there.token == lease.token).then_some(Holding { lease: there, version, since }))
    }

    /// Puts a renewed claim. Where an earlier renewal was executed and nobody was told, what is there is this one's,
    /// and no longer what it was taken for: it is put in place of that.
    pub(super) async fn renew_lease(
        &self,
        path: &Path,
        holding: Holding,
    ) -> StoreResult<Option<Holding>> {
        let since = holding.since;
        let put = self.put_renewed(path, holding.clone()).await;
        if matches!(put, Ok(Some(_))) {
            return put;
        }
        match self.own_lease(path, &holding.lease, since).await {
            Ok(Some(own)) if put.is_ok() => self.put_renewed(path, own).await,
            Ok(Some(own)) => Ok(Some(own)),
            _ => put,
        }
    }

    async fn put_renewed(&self, path: &Path, holding: Holding) -> StoreResult<Option<Holding>> {
        let Holding { mut lease, version, .. } = holding;
        lease.renewed += 1;
        self.put_lease(path, &lease, PutMode::Update(version)).await
    }

    /// Puts a claim where none is, or in place of one that is `expired`, with a number above that of the memento at
    /// `of`.
    pub(super) async fn claim(
        self,
        path: Path,
        of: Path,
        mut lease: Lease,
        expired: impl Fn(&Placed) -> bool,
    ) -> StoreResult<Answer> {
        for _ in 0..TRIES {
            let put = self.put_lease(&path, &lease, PutMode::Create);
            let (put, memento) = join(put, self.clone().top_of(of.clone())).await;
            let is_answering = memento.is_ok();
            let least = memento.ok().flatten().and_then(|(_, top)| top.head());
            let least = least.map_or(0, |head| head.claim.saturating_add(1));
            let failure = match put {
                Ok(Some(holding)) if lease.number >= least => return Ok(Answer::Granted(holding)),
                Ok(Some(holding)) => {
                    lease.number = least;
                    let mode = PutMode::Update(holding.version);
                    return Ok(self.replace_lease(&path, &lease, mode).await?.into());
                }
                Ok(None) => None,
                // It may be there, and only the reply be lost.
                Err(error) if is_answering => Some(error),
                Err(error) => return Err(error),
            };
            let there = self.lease_at(&path).await?;
            let is_own = |there: &Placed| there.lease.is_some_and(|own| own.token == lease.token);
            let is_own = there.as_ref().is_some_and(is_own);
            if let Some(error) = failure.filter(|_| !is_own) {
                return Err(error);
            }
            // It was given back in between.
            let Some(there) = there else { continue };
            if !is_own && !expired(&there) {
                return Ok(Answer::Refused(Some(there)));
            }
            let next = there.lease.map_or(0, |there| there.number.saturating_add(1));
            lease.number = lease.number.max(least).max(next);
            let mode = PutMode::Update(there.version);
            return Ok(self.replace_lease(&path, &lease, mode).await?.into());
        }
        Ok(Answer::Refused(None))
    }
}
