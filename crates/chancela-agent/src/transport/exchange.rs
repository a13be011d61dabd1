//! One HTTP/1.1 exchange on an open connection.

use super::connect::Stream;
use super::error::{Lost, TransportError};
use super::{MAX_BODY, MAX_HEAD};
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::AlertDescription;
use std::error::Error;
use std::pin::pin;

/// Most header fields of an answer.
const MAX_HEADERS: usize = 100;

/// Sends `request` and reads the whole answer.
pub(super) async fn exchange(
    stream: Stream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, TransportError> {
    let (sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| why(&error))?;
    let mut connection = pin!(connection);
    let mut answer = pin!(answer(sender, request.map(Full::new)));
    // Both in one task: when the request is given up, the connection ends with it.
    tokio::select! {
        answer = &mut answer => return answer,
        _ = &mut connection => {}
    }
    answer.await
}

async fn answer(
    mut sender: http1::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, TransportError> {
    let response = sender.send_request(request).await.map_err(|error| why(&error))?;
    let (head, body) = response.into_parts();
    let mut codings = head.headers.get_all(CONTENT_ENCODING).iter();
    if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Lost::Encoded.into());
    }
    Ok(Response::from_parts(head, collect(body).await?))
}

async fn collect(mut body: Incoming) -> Result<Bytes, TransportError> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| why(&error))?.into_data() else { continue };
        if whole.len() + data.len() > MAX_BODY {
            return Err(Lost::TooLarge.into());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// In TLS 1.3 a server judges the client's certificate after the client's handshake is over, and says so by an alert where
/// the answer should be. It has not read the request then.
pub(crate) fn why(error: &hyper::Error) -> TransportError {
    let mut source = error.source();
    while let Some(cause) = source {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = cause.downcast_ref().or(inner.and_then(|inner| inner.downcast_ref()));
        if let Some(rustls::Error::AlertReceived(alert)) = tls
            && is_about_certificate(*alert)
        {
            return TransportError::ClientCertificate(format!("{alert:?}"));
        }
        source = cause.source();
    }
    Lost::Broken.into()
}

pub(super) const fn is_about_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
    )
}
