package sqlcleaner

import "strings"

// tables has the tables of mosparo 1.5 that this package reads or writes, with all their
// columns, which are the same on every database.
var tables = map[string]string{
	"project": `id uuid name description hosts public_key private_key status spam_score statistic_storage_limit
		api_debug_mode verification_simulation_mode language_source project_group_id metadata_allowed
		spam_data_returned metadata_returned silent_mode_enabled`,
	"submit_token": `id project_id ip_address page_title page_url form_action_url form_id token proof_of_work_result
		created_at checked_at verified_at valid_until last_submission_id`,
	"submission": `id submit_token_id project_id validation_token data signature submitted_at verified_at
		matched_rule_items ignored_fields verified_fields issues general_verifications spam_rating spam
		spam_detection_rating valid`,
	"partial_submission": `id submit_token_id project_id data ignored_fields updated_at`,
	"detection_result":   `id submission_id project_id matched_field_rule_items matched_submission_rules`,
	"delay":              `id ip_address started_at duration valid_until`,
	"lockout":            `id ip_address started_at duration valid_until`,
	"day_statistic": `id project_id date number_of_valid_submissions number_of_spam_submissions
		number_of_delayed_requests number_of_blocked_requests updated_at`,
	"cleanup_statistic": `id date_time cleanup_executor number_of_stored_submit_tokens number_of_deleted_submit_tokens
		number_of_stored_submissions number_of_deleted_submissions execution_time cleanup_status`,
}

// foreignKeys are those of these tables, and those that refer to one whose rows are
// deleted: table.column → table.
var foreignKeys = []string{
	"project.project_group_id → project_group",
	"submit_token.last_submission_id → submission",
	"submit_token.project_id → project",
	"submission.submit_token_id → submit_token",
	"submission.project_id → project",
	"partial_submission.submit_token_id → submit_token",
	"partial_submission.project_id → project",
	"detection_result.submission_id → submission",
	"detection_result.project_id → project",
	"day_statistic.project_id → project",
}

// migrationsTable is Doctrine's table of executed migrations, with the names of their
// classes: migrationPrefix and a time.
const (
	migrationsTable = "doctrine_migration_versions"
	migrationPrefix = `DoctrineMigrations\Version`
	newestMigration = "20260406155235"
)

// migrations are those of mosparo up to the versions 1.5, without migrationPrefix.
var migrations = map[Dialect][]string{
	MySQL: strings.Fields(`
		20220616122832 20220813084402 20220828085833 20230331111545 20230518124634 20230521093341 20230523173704 20230623044735 
		20231115183633 20231120165547 20231122143647 20240212181600 20240218182953 20240328185504 20240827173729 20240908170826 
		20240922173821 20250410171444 20250420080757 20250427170020 20250629155949 20250630100733 20251012073350 20251117111233 
		20251221085044 20251221190529 20260117181852 20260215081044 20260305183353 20260308105809 20260314093449 20260314184349 
		20260317182917 20260326190248 20260406155235`),
	PostgreSQL: strings.Fields(`
		20240213191552 20240219190030 20240328185551 20240827173737 20240908170836 20240922175748 20250410171419 20250420080802 
		20250427170303 20250629155220 20250630100747 20251012081502 20251117111237 20251221085044 20251221190529 20260117181852 
		20260215081044 20260305183353 20260308105809 20260314093449 20260314184349 20260317182918 20260326190248 20260406155235`),
	SQLite: strings.Fields(`
		20240818152021 20240818152141 20240827173742 20240908170842 20240922175756 20250410171430 20250424170755 20250427173122 
		20250629155324 20250630100753 20251012075454 20251117111230 20251221085044 20251221190529 20260117181852 20260215081044 
		20260305183353 20260308105809 20260314093449 20260314184350 20260317182918 20260326190248 20260406155235`),
}

// Migrations returns the names of the migrations of mosparo 1.5 for a dialect, the oldest
// first, as in the table doctrine_migration_versions.
func Migrations(d Dialect) []string {
	all := make([]string, 0, len(migrations[d]))
	for _, m := range migrations[d] {
		all = append(all, migrationPrefix+m)
	}
	return all
}
