//! bankly
