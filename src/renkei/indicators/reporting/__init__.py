"""業務報告書: what it says, and how it looks as XLSX and PDF."""
