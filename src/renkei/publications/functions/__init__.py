"""かかりつけ医機能の報告: forms of both parts, the gaps of an area, measures, the casebook of local initiatives."""
