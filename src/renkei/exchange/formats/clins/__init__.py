"""JP-CLINS 診療情報提供書 (eReferral): documents in as they come, documents out by the current profile."""
