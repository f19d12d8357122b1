"""Policy documents of an alliance (地域医療連携推進法人) with their versions, and its public page."""
