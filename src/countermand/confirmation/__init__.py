"""What has to be confirmed before an operation takes effect: holds, challenges, consent, approvals."""
