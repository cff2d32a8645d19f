select installed.installed_at
from sguild_dispatcher.roles_installed as installed
where installed.rights_digest <> sguild_dispatcher.rights_digest();
