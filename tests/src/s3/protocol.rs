//! What the server does with requests.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CommonPrefix,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
    CopyObjectResult, CopySource, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput,
    StreamingBlob, UploadPartInput, UploadPartOutput,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

use super::bucket::{Buckets, Condition, Stored};

/// Does what the protocol asks for with buckets in memory.
pub(super) struct Bucketed(pub(super) Arc<Buckets>);

impl Bucketed {
    fn find(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        self.0.get(bucket, key).ok_or_else(|| s3_error!(NoSuchKey))
    }
}

fn tag(stored: &Stored) -> ETag {
    ETag::Strong(stored.tag.clone())
}

fn length(bytes: usize) -> Option<i64> {
    i64::try_from(bytes).ok()
}

/// What was sent, where all of it has come.
async fn content(body: Option<StreamingBlob>, expected: Option<i64>) -> S3Result<Bytes> {
    let mut content = BytesMut::new();
    if let Some(mut body) = body {
        while let Some(part) = body.next().await {
            content.extend_from_slice(&part.map_err(|_| s3_error!(IncompleteBody))?);
        }
    }
    if expected.is_some_and(|expected| length(content.len()) != Some(expected)) {
        return Err(s3_error!(IncompleteBody));
    }
    Ok(content.freeze())
}

#[async_trait::async_trait]
impl S3 for Bucketed {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let condition = Condition { is_match: input.if_match, is_none_match: input.if_none_match };
        let content = content(input.body, input.content_length).await?;
        let stored =
            self.0.put_content(&input.bucket, &input.key, content, input.metadata, &condition)?;
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(tag(&stored)), ..Default::default() }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let stored = self.find(&input.bucket, &input.key)?;
        let is_other = |condition: &ETagCondition| !matches!(condition, ETagCondition::ETag(found) if *found == tag(&stored));
        if input.if_match.as_ref().is_some_and(is_other) {
            return Err(s3_error!(PreconditionFailed));
        }
        let whole = stored.content.len();
        let (mut range, mut content_range) = (0..whole, None);
        if let Some(asked) = input.range {
            let found = asked.check(whole as u64)?;
            content_range = Some(format!("bytes {}-{}/{whole}", found.start, found.end - 1));
            let at = |position: u64| usize::try_from(position).unwrap_or(whole);
            range = at(found.start)..at(found.end);
        }
        let content = stored.content.slice(range);
        Ok(S3Response::new(GetObjectOutput {
            content_length: length(content.len()),
            content_range,
            body: Some(StreamingBlob::from(Body::from(content))),
            e_tag: Some(tag(&stored)),
            last_modified: Some(stored.modified.into()),
            metadata: stored.metadata,
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let stored = self.find(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: length(stored.content.len()),
            e_tag: Some(tag(&stored)),
            last_modified: Some(stored.modified.into()),
            metadata: stored.metadata,
            ..Default::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0.remove(&request.input.bucket, &request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        let remove = |key: String| {
            self.0.remove(&bucket, &key);
            DeletedObject { key: Some(key), ..Default::default() }
        };
        let deleted = delete.objects.into_iter().map(|object| remove(object.key)).collect();
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted), ..Default::default() }))
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let CopySource::Bucket { bucket, key, .. } = input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        if *bucket == *input.bucket && *key == *input.key {
            return Err(s3_error!(InvalidRequest, "This copy request is illegal"));
        }
        let found = self.find(&bucket, &key)?;
        let stored = self.0.put_content(
            &input.bucket,
            &input.key,
            found.content,
            found.metadata,
            &Condition::default(),
        )?;
        let copied = CopyObjectResult {
            e_tag: Some(tag(&stored)),
            last_modified: Some(stored.modified.into()),
            ..Default::default()
        };
        let output = CopyObjectOutput { copy_object_result: Some(copied), ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let most = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap_or_default().min(1000);
        let from = input.continuation_token.as_ref().or(input.start_after.as_ref());
        let from = from.map_or("", |from| from);
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let page = self.0.page(&input.bucket, prefix, input.delimiter.as_deref(), from, most)?;
        let object = |(key, stored): (String, Stored)| Object {
            size: length(stored.content.len()),
            e_tag: Some(tag(&stored)),
            last_modified: Some(stored.modified.into()),
            key: Some(key),
            ..Default::default()
        };
        let folder = |prefix| CommonPrefix { prefix: Some(prefix) };
        Ok(S3Response::new(ListObjectsV2Output {
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            contents: Some(page.objects.into_iter().map(object).collect()),
            common_prefixes: Some(page.prefixes.into_iter().map(folder).collect()),
            name: Some(input.bucket),
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let CreateMultipartUploadInput { bucket, key, metadata, .. } = request.input;
        let upload = self.0.begin(&bucket, &key, metadata);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(upload),
            ..Default::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let content = content(input.body, input.content_length).await?;
        let tag = self.0.add_part(&input.upload_id, input.part_number, content)?;
        let output = UploadPartOutput { e_tag: Some(ETag::Strong(tag)), ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let parts: Vec<_> = parts.iter().filter_map(|part| part.part_number).collect();
        let condition = Condition { is_match: input.if_match, is_none_match: input.if_none_match };
        let stored = self.0.complete(&input.upload_id, &parts, &condition)?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(tag(&stored)),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        if !self.0.abort(&request.input.upload_id) {
            return Err(s3_error!(NoSuchUpload));
        }
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
