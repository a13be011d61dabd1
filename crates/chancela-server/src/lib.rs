//! HTTP endpoints, realms and keys of the authorization server.
