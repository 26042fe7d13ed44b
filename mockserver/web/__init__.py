"""What stands between HTTP and the engine, without a vendor's word."""
