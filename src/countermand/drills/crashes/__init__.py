"""The crash drill: everything is killed again and again while holds end and customers revoke."""
