//! Certificates of clients, from the order to the end: the realm’s own authority as clients and relying parties meet it.
